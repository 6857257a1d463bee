"""Settings of the validator."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ValidatorConfig(BaseSettings):
    """``VALIDATOR_*``."""

    model_config = SettingsConfigDict(env_prefix="VALIDATOR_", frozen=True, extra="ignore")

    schemas_kept: int = Field(default=512, ge=1, le=100_000, description="compiled schemas kept ready, the last used")
