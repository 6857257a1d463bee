"""Where the database is."""

import os

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class StoreConfig(BaseSettings):
    """``DATABASE_URL`` and the pool's size. The address is a secret, since it may hold a password."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    database_url: SecretStr = Field(min_length=1, description="postgresql://user:password@host:port/database")
    database_pool_size: int = Field(default=4, ge=1, le=200)

    @classmethod
    def from_environment(cls) -> "StoreConfig":
        """Read ``DATABASE_URL``. Raises ``pydantic.ValidationError`` when it is not set."""
        return cls()  # pyright: ignore[reportCallIssue] the environment gives what is missing

    @classmethod
    def where_given(cls) -> "StoreConfig | None":
        """As :meth:`from_environment`; ``None`` for a service that can do without, when ``DATABASE_URL`` is not set."""
        return cls.from_environment() if os.environ.get("DATABASE_URL") else None

    @property
    def dsn(self) -> str:
        return self.database_url.get_secret_value()
