"""Every setting there is, read once from the environment (``HABEAS_…``), with the defaults of ``make run``."""

import base64
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretBytes, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PORTS = {"intake": 0, "verifier": 1, "router": 2, "executor": 3, "notifier": 4, "console": 5}
"""Service → its port, counted from ``HABEAS_PORT_BASE``."""


class Settings(BaseSettings):
    """The environment, typed. Keys are urlsafe base64 of 32 bytes, and are never printed.

    ``environment`` is ``demo`` only where the supervisor says so; ``keys_generated`` tells that it made the keys.
    Without ``sms_account`` no text message leaves. ``letters_per_address`` and ``texts_per_number`` are what people who
    have proved nothing can cause in a day.
    """

    model_config = SettingsConfigDict(env_prefix="HABEAS_", frozen=True, extra="ignore")

    environment: Literal["demo", "production"] = "production"
    keys_generated: bool = False
    home: Path = Path(".habeas")
    port_base: int = 8000
    port: int | None = None
    instance: str = ""
    partitions: int = 6
    database_url: str = ""
    packages_url: str = ""
    smtp: str = ""
    clamd: str = ""
    mail_from: str = "privacy-desk@habeas.example"
    sms_url: str = "https://api.twilio.com"
    sms_account: str = ""
    sms_token: SecretStr = SecretStr("")
    sms_from: str = ""
    letters_per_address: int = Field(30, ge=1)
    texts_per_number: int = Field(8, ge=1)
    public_url: str = ""
    secure_cookies: bool = False
    processes: str = ""
    log_level: str = "INFO"
    traces: Literal["", "both", "off"] = ""
    trace_spans: int = Field(200_000, ge=1)
    trace_days: int = Field(7, ge=1)
    master_key: SecretBytes
    person_secret: SecretBytes
    session_secret: SecretBytes
    product_token: SecretStr
    kafka_bootstrap_servers: str = Field(default="", validation_alias="KAFKA_BOOTSTRAP_SERVERS")

    @field_validator("master_key", "person_secret", "session_secret")
    @classmethod
    def _thirty_two_bytes(cls, key: SecretBytes) -> SecretBytes:
        decoded = base64.urlsafe_b64decode(key.get_secret_value())
        if len(decoded) != 32:
            raise ValueError("a key is the urlsafe base64 of 32 bytes")
        return SecretBytes(decoded)

    @property
    def is_demo(self) -> bool:
        """True where nothing is real: neither the people nor the keys."""
        return self.environment == "demo"

    @property
    def bootstrap(self) -> str:
        """Where the broker answers, as host:port[,host:port…]."""
        return self.kafka_bootstrap_servers or f"127.0.0.1:{self.port_base + 20}"

    def port_of(self, service: str) -> int:
        """The port a service listens on; ``HABEAS_PORT`` moves an additional replica elsewhere."""
        return self.port if self.port is not None else self.port_base + PORTS[service]

    def url_of(self, service: str) -> str:
        """The base URL under which people and other systems reach a service."""
        return self.public_url or f"http://127.0.0.1:{self.port_base + PORTS[service]}"

    def watched(self) -> tuple[tuple[str, str], ...]:
        """Every process the console looks at: service and base URL, from ``HABEAS_PROCESSES`` (``intake=http://…,…``)."""
        said = [pair.strip().partition("=") for pair in self.processes.split(",") if pair.strip()]
        named = tuple((service, url) for service, _, url in said)
        return named or tuple(
            (service, f"http://127.0.0.1:{self.port_base + port}")
            for service, port in PORTS.items()
            if service != "console"
        )

    def database_of(self, name: str) -> str:
        """The SQLAlchemy URL of a database: one SQLite file each, or everything in ``HABEAS_DATABASE_URL``."""
        return self.database_url or f"sqlite:///{self.home.absolute()}/sql/{name}.db"

    @property
    def smtp_address(self) -> tuple[str, int]:
        """The mail server's host and port."""
        host, _, port = (self.smtp or f"127.0.0.1:{self.port_base + 25}").rpartition(":")
        return host, int(port)

    def instance_of(self, service: str) -> str:
        """This replica's name: its static membership in the consumer group, and the folder of its cache."""
        return self.instance or f"{service}-0"


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process. Raises pydantic's ValidationError if a key is missing or malformed."""
    return Settings()
