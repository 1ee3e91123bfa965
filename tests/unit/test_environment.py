"""Outside the demo nothing starts with what is the demo's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretBytes

from infra.stack.keys import keys
from infra.stack.plan import child_environment
from infra.stack.refusal import Refusal
from schemas.catalogue import Catalogue
from services.runtime.preflight import Refused, check_accounts, check_environment
from services.runtime.settings import Settings
from tests.support import builders as made

OWN_KEYS = dict.fromkeys(
    ("HABEAS_MASTER_KEY", "HABEAS_PERSON_SECRET", "HABEAS_SESSION_SECRET", "HABEAS_PRODUCT_TOKEN"),
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
)
DEMO = Catalogue().with_entry(made.an_owner()).with_entry(made.an_account(1, demo=True))


def settings(tmp_path: Path, **changes: object) -> Settings:
    given: dict[str, object] = {"home": tmp_path, "master_key": SecretBytes(b"m" * 32), "secure_cookies": True}
    return Settings.model_construct(**(given | changes))


def test_where_nothing_is_said_it_is_production(tmp_path: Path) -> None:
    assert Settings.model_fields["environment"].default == "production"
    check_environment(settings(tmp_path))


@pytest.mark.parametrize(
    ("changes", "named"), [({"keys_generated": True}, "keys were generated"), ({"secure_cookies": False}, "COOKIES")]
)
def test_what_is_the_demos_is_refused_with_a_sentence(tmp_path: Path, changes: dict[str, object], named: str) -> None:
    with pytest.raises(Refused, match=named):
        check_environment(settings(tmp_path, **changes))
    check_environment(settings(tmp_path, environment="demo", **changes))


def test_generated_keys_are_known_again_when_somebody_hands_them_on(tmp_path: Path) -> None:
    import base64

    key = SecretBytes(base64.urlsafe_b64decode(keys(tmp_path)["HABEAS_MASTER_KEY"]))
    with pytest.raises(Refused, match="keys were generated"):
        check_environment(settings(tmp_path, master_key=key))


def test_demo_logins_are_refused_outside_the_demo(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="1 demo login,"):
        check_accounts(settings(tmp_path), DEMO)
    check_accounts(settings(tmp_path, environment="demo"), DEMO)
    gone = DEMO.with_entry(made.an_account(1, demo=True, deactivated=True))
    check_accounts(settings(tmp_path), gone)


def test_the_supervisor_says_that_it_is_the_demo_and_whose_keys_they_are(tmp_path: Path) -> None:
    made_here = child_environment({}, tmp_path, 8000, "127.0.0.1:8020")
    assert (made_here["HABEAS_ENVIRONMENT"], made_here["HABEAS_KEYS_GENERATED"]) == ("demo", "true")
    given = child_environment(OWN_KEYS, tmp_path, 8000, "127.0.0.1:8020")
    assert given["HABEAS_KEYS_GENERATED"] == "false"
    with pytest.raises(Refusal, match="the demo only"):
        child_environment({"HABEAS_ENVIRONMENT": "production"}, tmp_path, 8000, "127.0.0.1:8020")


@pytest.mark.parametrize("service", ["router", "console"])
def test_a_service_ends_with_that_sentence_before_it_does_anything(tmp_path: Path, service: str) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "HABEAS_HOME": str(tmp_path),
        "HABEAS_SECURE_COOKIES": "true",
        "HABEAS_KEYS_GENERATED": "true",
        **OWN_KEYS,
    }
    ended = subprocess.run(
        [sys.executable, "-m", f"services.{service}"], env=environment, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert f"{service}: The keys were generated for the demo." in ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []
