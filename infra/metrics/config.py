"""Where a service tells of itself. The same two variables for every service."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class HealthConfig(BaseSettings):
    """``HEALTH_HOST`` and ``HEALTH_PORT``; port 0 takes any free one, so that services on one machine keep apart."""

    model_config = SettingsConfigDict(env_prefix="HEALTH_", frozen=True, extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65_535)
