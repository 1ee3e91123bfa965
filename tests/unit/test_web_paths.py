"""Where somebody is sent after signing in, and how often they may try."""

from pathlib import Path

import pytest
from httpx import URL
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from services.runtime.database import engine
from services.runtime.web.attempts import PER_ADDRESS, PER_LOGIN, WINDOW, Attempts, Limits
from services.runtime.web.signin import own_path

HOME = "/desk"


@pytest.mark.parametrize("path", ["/", "/desk", "/desk/requests/1/", "/desk?state=open&sort=-due", "/a?next=//x"])
def test_a_path_of_ours_is_kept(path: str) -> None:
    assert own_path(path, HOME) == path


@pytest.mark.requirement("R27")
@pytest.mark.parametrize(
    "path",
    [
        *("", "desk", "https://evil.test", "https:evil.test", "javascript:alert(1)", "/" + "a" * 3000, "/é"),
        *("//evil.test", "///evil.test", "/.//evil.test", " //evil.test", "/\\evil.test", "\\\\evil.test"),
        *("/\t/evil.test", "/\n/evil.test", "/desk#@evil.test", "/desk\r\nSet-Cookie: a=b"),
    ],
)
def test_nobody_is_sent_elsewhere(path: str) -> None:
    assert own_path(path, HOME) == HOME


@given(st.text(alphabet="/\\.:@?#%a2F \t\r\n", max_size=12))
def test_whatever_is_asked_the_host_stays_ours(path: str) -> None:
    assert URL("http://habeas.test/desk").join(own_path(path, HOME)).host == "habeas.test"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def database(tmp_path: Path) -> Engine:
    return engine(f"sqlite:///{tmp_path}/attempts.db")


def test_a_login_may_fail_only_so_often_then_waits(database: Engine) -> None:
    clock = Clock()
    attempts = Attempts(database, clock=clock)
    assert [attempts.begin("ana", f"10.0.0.{n}") for n in range(PER_LOGIN)] == [0.0] * PER_LOGIN
    assert attempts.begin("ana", "10.0.0.99") == WINDOW
    assert attempts.begin("bob", "10.0.0.99") == 0.0
    clock.now += WINDOW
    assert attempts.begin("ana", "10.0.0.99") == 0.0


def test_one_address_may_not_try_login_after_login(database: Engine) -> None:
    attempts = Attempts(database, clock=Clock())
    assert [attempts.begin(f"login-{n}", "10.0.0.1") for n in range(PER_ADDRESS)] == [0.0] * PER_ADDRESS
    assert attempts.begin("another", "10.0.0.1") > 0.0
    assert attempts.begin("another", "10.0.0.2") == 0.0


def test_replicas_on_one_database_count_together(database: Engine) -> None:
    replicas = [Attempts(database, clock=Clock()) for _ in range(2)]
    for n in range(PER_LOGIN):
        assert replicas[n % 2].begin("ana", "10.0.0.1") == 0.0
        assert replicas[n % 2].used_up("ana", "10.0.0.1") == (n == PER_LOGIN - 1, False)
    assert [one.begin("ana", "10.0.0.1") > 0 for one in replicas] == [True, True]


def test_what_is_counted_apart_does_not_lock_each_other_out(database: Engine) -> None:
    sign_ins, resets = Attempts(database, clock=Clock()), Attempts(database, Limits("reset", 1, 1), Clock())
    assert resets.begin("ana", "10.0.0.1") == 0.0
    assert resets.begin("ana", "10.0.0.1") > 0.0
    assert sign_ins.begin("ana", "10.0.0.1") == 0.0


def test_success_gives_the_attempt_back(database: Engine) -> None:
    attempts = Attempts(database, clock=Clock())
    for _ in range(PER_ADDRESS * 2):
        assert attempts.begin("ana", "10.0.0.1") == 0.0
        attempts.succeeded("ana", "10.0.0.1")
