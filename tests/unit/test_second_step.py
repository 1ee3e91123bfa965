"""The second step: a code of now, once; a recovery code, once; nothing else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest

from schemas.catalogue import Account
from services.runtime.accounts import second_step
from services.runtime.accounts.second_step import SecondStep, matching_step
from services.runtime.database import engine
from services.runtime.vault import Vault
from tests.support import builders as made

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NOW = datetime(2026, 3, 4, 12, 0, 10, tzinfo=UTC)
ACCOUNT = made.an_account(1)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(engine(f"sqlite:///{tmp_path}/vault.db"), b"m" * 32, "router")


def step(tmp_path: Path, vault: Vault) -> SecondStep:
    return SecondStep(engine(f"sqlite:///{tmp_path}/router.db"), vault)


def code(at: datetime = NOW, secret: str = SECRET) -> str:
    return pyotp.TOTP(secret).at(at)


@pytest.mark.parametrize(("off", "fits"), [(0, True), (-30, True), (30, True), (-75, False), (75, False)])
def test_a_clock_may_be_half_a_minute_off(off: int, fits: bool) -> None:
    assert (matching_step(SECRET, code(NOW + timedelta(seconds=off)), NOW) is not None) is fits


@pytest.mark.parametrize("wrong", ["", "12345", "1234567", "abcdef", "１２３４５６", "000000000000", " "])
def test_what_is_no_code_fits_nothing(wrong: str) -> None:
    assert matching_step(SECRET, wrong, NOW) is None


def test_a_code_may_be_typed_with_a_gap() -> None:
    assert matching_step(SECRET, f"{code()[:3]} {code()[3:]}", NOW) is not None


def test_a_code_counts_once_at_all_replicas(tmp_path: Path, vault: Vault) -> None:
    replicas = [step(tmp_path, vault), step(tmp_path, vault)]
    assert replicas[0].spend(ACCOUNT, SECRET, code(), NOW)
    assert not any(one.spend(ACCOUNT, SECRET, code(), NOW + timedelta(seconds=20)) for one in replicas)
    later = NOW + timedelta(seconds=30)
    assert replicas[1].spend(ACCOUNT, SECRET, code(later), later)


def test_one_accounts_code_does_not_spend_anothers(tmp_path: Path, vault: Vault) -> None:
    one, other = step(tmp_path, vault), made.an_account(2)
    assert one.spend(ACCOUNT, SECRET, code(), NOW)
    assert one.spend(other, SECRET, code(), NOW)


async def test_the_secret_comes_out_of_the_vault(tmp_path: Path, vault: Vault) -> None:
    one = step(tmp_path, vault)
    account: Account = made.changed(ACCOUNT, totp=one.seal(ACCOUNT, SECRET))
    assert SECRET not in str(account)
    now = datetime.now(UTC)
    assert not await one.fits(ACCOUNT, code(now))
    assert not await one.fits(account, "000000")
    assert await one.fits(account, code(now))


def test_a_recovery_code_is_known_by_a_keyed_digest_of_its_account() -> None:
    codes = second_step.new_recovery_codes()
    assert len(set(codes)) == second_step.RECOVERY_CODES
    digest = second_step.recovery_digest(b"s", "a-1", codes[0])
    assert digest == second_step.recovery_digest(b"s", "a-1", f" {codes[0].upper().replace('-', ' ')} ")
    others = {("t", "a-1"), ("s", "a-2")}
    assert all(second_step.recovery_digest(s.encode(), a, codes[0]) != digest for s, a in others)


def test_the_picture_needs_no_style_and_no_script() -> None:
    address = second_step.address_of(SECRET, "rosa@alder.example", "Habeas")
    picture = second_step.picture(address)
    assert picture.startswith("<svg")
    for forbidden in ("style", "<script", "href", SECRET):
        assert forbidden not in picture
    assert pyotp.parse_uri(address).secret == SECRET
