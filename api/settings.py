"""The environment, read once into one frozen object. Nothing else in Latchwork reads an environment variable."""

from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Environment(StrEnum):
    """Development serves GraphiQL and tells what is wrong with a document; production tells neither."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """`LATCHWORK_…` variables. Secrets are never shown by repr."""

    model_config = SettingsConfigDict(
        env_prefix="LATCHWORK_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    env: Environment = Environment.DEVELOPMENT
    data_dir: Path = Path("var")
    """Database, secret file, mail folder and lock states of the embedded default."""
    database_url: str = Field(default="", repr=False)
    """`sqlite:///path` or `postgresql://…`; empty means a SQLite file in the data directory."""
    secret: str = Field(default="", repr=False)
    """The application secret itself (base64url of 32 bytes or more); empty means the secret file."""
    secret_file: Path | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8400, ge=0, le=65535)
    panel_port: int = Field(default=8401, ge=1, le=65535)
    """Where the demo's simulated locks show their keypads, on loopback."""
    public_url: str = ""
    """The address under which phones and browsers reach this server, without a trailing slash."""
    smtp_url: str = Field(default="", repr=False)
    mail_from: str = "Latchwork <noreply@localhost>"
    trusted_proxies: str = "127.0.0.1"
    """Whose `X-Forwarded-For` is believed for throttling by address."""

    @field_validator("public_url")
    @classmethod
    def _no_trailing_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @model_validator(mode="after")
    def _secure_in_production(self) -> Self:
        url = self.origin
        loopback = url.startswith(("http://127.", "http://localhost", "http://[::1]"))
        if self.env is Environment.PRODUCTION and not (url.startswith("https://") or loopback):
            raise ValueError(
                "LATCHWORK_PUBLIC_URL must be https in production (http only on loopback)"
            )
        return self

    @property
    def origin(self) -> str:
        """The public URL; by default the address that the server listens on."""
        return self.public_url or f"http://{self.host}:{self.port}"

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
    def development(self) -> bool:
        return self.env is Environment.DEVELOPMENT
