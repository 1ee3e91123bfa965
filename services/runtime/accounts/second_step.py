"""The second step of signing in: a code that changes every 30 seconds (TOTP, RFC 6238), or a recovery code."""

import asyncio
import hmac
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import pyotp
import segno
from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, delete

from schemas.catalogue import Account
from services.runtime.database import create_tables, insert_once, writing
from services.runtime.person import content_digest
from services.runtime.vault import Forgotten, Tampered, Vault

STEP: Final = 30
DRIFT: Final = 1
"""Steps that a clock may be off, to either side."""

RECOVERY_CODES: Final = 8
WHY: Final = "second step"
FIELD: Final = "totp"
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"

_METADATA = MetaData()
USED = Table(
    "second_step_used",
    _METADATA,
    Column("account", String, primary_key=True),
    Column("step", Integer, primary_key=True),
)
"""Codes that let somebody in, for as long as they would again. Replicas that share the database share it."""


def new_secret() -> str:
    """A secret to be shared with an authenticator app: 160 bits, in base32."""
    return pyotp.random_base32()


def address_of(secret: str, who: str, issuer: str) -> str:
    """What an app reads from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=who, issuer_name=issuer)


def picture(address: str) -> str:
    """The address as a QR code: SVG without a style or a script, dark on light in both modes."""
    return segno.make(address, error="m").svg_inline(
        border=4, dark="#16252a", light="#ffffff", omitsize=True, svgclass="qr", lineclass=None
    )


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The step whose code it is; None if none of those around now has it."""
    digits = "".join(code.split())
    if len(digits) != 6 or not digits.isascii() or not digits.isdigit():
        return None
    totp, current = pyotp.TOTP(secret), int(now.timestamp()) // STEP
    found = None
    for step in range(current - DRIFT, current + DRIFT + 1):
        if hmac.compare_digest(totp.generate_otp(step), digits):
            found = step
    return found


def new_recovery_codes() -> tuple[str, ...]:
    """Codes of 59 bits each, to be written down: ``k7mq-x2vd-9hbt``."""
    letters = ["".join(secrets.choice(_ALPHABET) for _ in range(12)) for _ in range(RECOVERY_CODES)]
    return tuple(f"{one[:4]}-{one[4:8]}-{one[8:]}" for one in letters)


def recovery_digest(secret: bytes, account_id: str, code: str) -> str:
    """What is kept of a recovery code. Nobody without the secret can try codes against it."""
    plain = "".join(char for char in code.casefold() if char in _ALPHABET)
    return content_digest(secret, "recovery code", account_id, plain)


def recovery_digests(secret: bytes, account_id: str, codes: Sequence[str]) -> tuple[str, ...]:
    """The digests of several codes."""
    return tuple(recovery_digest(secret, account_id, code) for code in codes)


class SecondStep:
    """Checks codes, each once."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._engine, self._vault = engine, vault
        create_tables(engine, _METADATA)

    def seal(self, account: Account, secret: str) -> str:
        """The secret as it stands in the catalogue. Blocks."""
        self._vault.prepare(account.shelf, ("record",))
        return self._vault.seal(account.shelf, "record", FIELD, secret)

    async def fits(self, account: Account, code: str) -> bool:
        """True if it is the account's code of now, and was not used before."""
        return await asyncio.to_thread(self._fits, account, code, datetime.now(UTC))

    def _fits(self, account: Account, code: str, now: datetime) -> bool:
        if account.totp is None:
            return False
        try:
            secret = self._vault.open(account.shelf, FIELD, account.totp, by=account.id, why=WHY)
        except (Forgotten, Tampered):
            return False
        return self.spend(account, secret, code, now)

    def spend(self, account: Account, secret: str, code: str, now: datetime) -> bool:
        """True if the code is that of the secret, and lets nobody in a second time. Blocks."""
        step = matching_step(secret, code, now)
        if step is None:
            return False
        with writing(self._engine) as connection:
            connection.execute(delete(USED).where(USED.c.step < step - 2 * DRIFT - 1))
            return insert_once(connection, USED, {"account": account.id, "step": step})
