"""Before anything starts: ports, home, room, keys, settings."""

import json
import socket
from pathlib import Path

import pytest

from infra.stack.keys import NAMES, keys
from infra.stack.layout import members, port_base_of, replicas_of
from infra.stack.lock import held, holder
from infra.stack.plan import child_environment, ports
from infra.stack.preflight import check_home, check_ports
from infra.stack.refusal import Refusal


def test_a_taken_port_is_named_with_the_way_out() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Refusal, match=rf"Port {port} is taken .* HABEAS_PORT_BASE=9000"):
            check_ports([port], base=8000)


def test_free_ports_are_no_reason_to_stop() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
    check_ports([port], base=8000)


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(Refusal, match="cannot be written"):
        check_home(tmp_path / "home")


def test_a_full_disk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="make room"):
        check_home(tmp_path, room=2**62)


def test_a_home_is_made_for_its_owner_only(tmp_path: Path) -> None:
    check_home(tmp_path / "home")
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700


def test_keys_are_made_once_and_kept_private(tmp_path: Path) -> None:
    first = keys(tmp_path)
    assert keys(tmp_path) == first
    assert len(set(first.values())) == len(NAMES)
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600


def test_a_broken_keys_file_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(json.dumps({NAMES[0]: "only one"}))
    with pytest.raises(Refusal, match="not a complete set of keys"):
        keys(tmp_path)
    assert "only one" in (tmp_path / "keys.json").read_text()


def test_a_second_supervisor_learns_who_runs(tmp_path: Path) -> None:
    with held(tmp_path), pytest.raises(Refusal, match=r"already runs .*process \d+"), held(tmp_path):
        pass
    assert holder(tmp_path) is None


@pytest.mark.parametrize("said", ["x", "80", "65001", "-1", "8000.5"])
def test_a_port_base_that_is_no_use_is_refused(said: str) -> None:
    with pytest.raises(Refusal, match="HABEAS_PORT_BASE"):
        port_base_of({"HABEAS_PORT_BASE": said})


def test_replicas_are_read_as_written() -> None:
    assert replicas_of({"HABEAS_REPLICAS": "verifier=2, executor=3"}) == {"verifier": 2, "executor": 3}


@pytest.mark.parametrize("said", ["verifer=2", "verifier", "verifier=0", "verifier=x"])
def test_replicas_of_nobody_are_refused(said: str) -> None:
    with pytest.raises(Refusal, match="HABEAS_REPLICAS"):
        replicas_of({"HABEAS_REPLICAS": said})


def test_a_replica_has_its_own_name_and_port() -> None:
    replica = members(8000, {"verifier": 2})[-1]
    assert (replica.name, replica.replica_of) == ("verifier-1", "verifier")
    assert replica.environment == {"HABEAS_INSTANCE": "verifier-1", "HABEAS_PORT": "8040"}


def test_no_two_processes_share_a_port() -> None:
    wanted = ports(8000, members(8000, {"verifier": 3, "intake": 2}), local_broker=True)
    assert len(wanted) == len(set(wanted))


def test_children_get_the_keys_but_not_the_name_and_port_of_somebody_else(tmp_path: Path) -> None:
    given = child_environment({"HABEAS_INSTANCE": "x", "HABEAS_PORT": "1"}, tmp_path, 8000, "127.0.0.1:8020")
    assert set(NAMES) <= given.keys()
    assert not {"HABEAS_INSTANCE", "HABEAS_PORT"} & given.keys()
    assert given["KAFKA_BOOTSTRAP_SERVERS"] == "127.0.0.1:8020"
