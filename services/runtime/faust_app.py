"""How Faust is set up: every default that loses, exposes or hoards something overridden."""

from pathlib import Path
from typing import Any

import faust

from services.runtime.settings import Settings

YEAR = 365 * 86400.0


def state_folder(service: str, here: Settings) -> Path:
    """Where a replica keeps what it can do without: its cache, and how often it came back."""
    folder = here.home.absolute() / "state" / here.instance_of(service)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def faust_app(service: str, here: Settings) -> faust.App:
    """Faust, with every default that loses, exposes or hoards something overridden (see infra/adr/0002)."""
    instance = here.instance_of(service)
    folder = state_folder(service, here)
    return faust.App(
        f"habeas-{service}",
        broker=";".join(f"kafka://{address}" for address in here.bootstrap.split(",")),
        store="rocksdb://",
        datadir=str(folder),
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        recovery_consistency_check=False,
        consumer_group_instance_id=instance,
        broker_session_timeout=10,
        broker_heartbeat_interval=3,
        broker_commit_interval=1.0,
        broker_max_poll_records=500,
        stream_wait_empty=False,
        stream_recovery_delay=0,
        stream_processing_timeout=YEAR,  # its warnings are about logs that nobody is meant to process
        broker_commit_livelock_soft_timeout=YEAR,
        autodiscover=False,
    )


def raw_topic(app: faust.App, *names_and_partitions: Any) -> Any:
    """Topics as one source of raw bytes; the last argument is their number of partitions."""
    *names, partitions = names_and_partitions
    return app.topic(
        *names, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw",
        partitions=partitions, allow_empty=True,
    )  # fmt: skip
