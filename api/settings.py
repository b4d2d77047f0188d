"""The environment, read once into one frozen object. Nothing else in Latchwork reads an environment variable."""

from email.utils import parseaddr
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from api.addresses import (
    checked_host,
    checked_origin,
    checked_proxies,
    on_this_machine,
    origin,
    reached_by,
)
from domain.audit.checkpoint_folder import CheckpointFolder
from domain.bus.nats_address import NatsAddress
from domain.database.connection import Address
from domain.letters.mailers import SmtpMailer
from domain.security.keys import Keyring


class Environment(StrEnum):
    """Development serves GraphiQL and tells what is wrong with a document; production tells neither."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


def _checked_database(url: str) -> str:
    if not url:
        return url
    address = Address.of(url)
    try:
        usable = (
            address.kind == "sqlite" or "," in address.target or urlsplit(address.target).port != 0
        )
    except ValueError:
        usable = False
    if not usable:  # urlsplit's own message would quote a part of the URL
        raise ValueError(
            "must look like postgresql://user:password@host:5432/name; in the password, "
            "characters such as / # @ are written as %2F %23 %40"
        )
    return url


def _checked_bus(url: str) -> str:
    if not url:
        return url
    try:
        NatsAddress.of(url)
    except ValueError:
        raise ValueError(
            "must look like nats://user:password@host:4222 or tls://token@host:4222,other:4222; in the "
            "password, characters such as / # @ are written as %2F %23 %40"
        ) from None
    return url


def _checked_smtp(url: str) -> str:
    try:
        SmtpMailer(url, "")
    except ValueError:
        raise ValueError(
            "must look like smtp://user:password@host:587; in the password, "
            "characters such as / # @ are written as %2F %23 %40"
        ) from None
    return url


def _checked_sender(text: str) -> str:
    local, _, host = parseaddr(text)[1].rpartition("@")
    if not (local and host and text.isprintable()):
        raise ValueError("must be an e-mail address, such as Doors <doors@example.com>")
    return text


def _checked_secret(text: str) -> str:
    if text:
        Keyring.from_text(text)
    return text


class Settings(BaseSettings):
    """`LATCHWORK_…` variables; one that is set to nothing counts as not set. Secrets are never shown by repr.

    Values are checked here, so that nothing later meets one that makes no sense. No message quotes a value.
    """

    model_config = SettingsConfigDict(
        env_prefix="LATCHWORK_",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        validate_default=False,
    )

    env: Environment = Environment.DEVELOPMENT
    data_dir: Path = Path("var")
    """Database, secret file, mail folder and lock states of the embedded default."""
    database_url: Annotated[str, AfterValidator(_checked_database)] = Field(default="", repr=False)
    """`sqlite:///path` or `postgresql://…`; empty means a SQLite file in the data directory."""
    bus_url: Annotated[str, AfterValidator(_checked_bus)] = Field(default="", repr=False)
    """`nats://…` or `tls://…`: by what processes on one PostgreSQL database wake each other; empty means the database."""
    secret: Annotated[str, AfterValidator(_checked_secret)] = Field(default="", repr=False)
    """The application secret itself (base64url of 32 bytes or more); empty means the secret file."""
    secret_file: Path | None = None
    audit_checkpoints: Path | None = None
    """The folder of the audit's signed checkpoints; empty means `audit-checkpoints` in the data directory."""
    host: Annotated[str, AfterValidator(checked_host)] = "127.0.0.1"
    port: int = Field(default=8400, ge=1, le=65535)
    panel_port: int = Field(default=8401, ge=1, le=65535)
    """Where the demo's simulated locks show their keypads, on loopback."""
    public_url: Annotated[str, AfterValidator(checked_origin)] = ""
    """The address under which phones and browsers reach this server, as browsers spell it."""
    smtp_url: Annotated[str, AfterValidator(_checked_smtp)] = Field(default="", repr=False)
    smtp_allow_plain: bool = False
    """Whether a mail server on another machine may get letters, and its password, without TLS."""
    mail_from: Annotated[str, AfterValidator(_checked_sender)] = "Latchwork <noreply@localhost>"
    trusted_proxies: Annotated[str, AfterValidator(checked_proxies)] = "127.0.0.1"
    """Whose `X-Forwarded-For` is believed for throttling by address."""

    provisioning_kit_hours: int = Field(default=24, ge=1, le=24 * 30)
    """For how long a lock may prove a secret that `provisionLock` gave out."""

    token: str = Field(default="", repr=False)
    """The API token of `latchwork ask`; the server does not use it."""

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if self.secret and self.secret_file is not None:
            raise ValueError(
                "LATCHWORK_SECRET and LATCHWORK_SECRET_FILE are both set: which one counts? Leave one out"
            )
        return self

    @model_validator(mode="after")
    def _secure_in_production(self) -> Self:
        host = urlsplit(self.public_url).hostname if self.public_url else self.host
        secure = self.public_url.startswith("https://") or on_this_machine(host or "")
        if self.env is Environment.PRODUCTION and not secure:
            raise ValueError(
                "LATCHWORK_PUBLIC_URL must be https in production (http only on loopback)"
            )
        return self

    @model_validator(mode="after")
    def _bus_between_processes(self) -> Self:
        if self.bus_url and Address.of(self.database).kind == "sqlite":
            raise ValueError(
                "LATCHWORK_BUS_URL is for several processes on PostgreSQL; on SQLite there is one, and no bus"
            )
        return self

    @property
    def origin(self) -> str:
        """The public URL; by default the address that the server listens on."""
        return self.public_url or self.own_address

    @property
    def own_address(self) -> str:
        """The address by which this machine itself reaches the server, whatever the public URL."""
        return origin("http", reached_by(self.host), self.port)

    @property
    def panel(self) -> str:
        """The address of the keypad page."""
        return f"http://127.0.0.1:{self.panel_port}"

    @property
    def database(self) -> str:
        """The database's URL."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'latchwork.sqlite3').resolve()}"

    @property
    def key_file(self) -> Path:
        """Where the application secret is kept."""
        return self.secret_file or self.data_dir / "secret.key"

    @property
    def checkpoints(self) -> CheckpointFolder:
        """Where the audit's signed checkpoints are kept."""
        return CheckpointFolder(self.audit_checkpoints or self.data_dir / "audit-checkpoints")

    @property
    def development(self) -> bool:
        return self.env is Environment.DEVELOPMENT
