"""How a process logs. The same variables for every service."""

from typing import Literal

from pydantic import field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class LogConfig(BaseSettings):
    """``LOG_FORMAT`` and ``LOG_LEVEL``. ``json``: an object a line, with the ids of request and trace where known.

    Both in any case.
    """

    model_config = SettingsConfigDict(env_prefix="LOG_", frozen=True, extra="ignore", env_ignore_empty=True)

    format: Literal["text", "json"] = "text"
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("format", mode="before")
    @classmethod
    def _is_small(cls, told: str) -> str:
        return told.lower()

    @field_validator("level", mode="before")
    @classmethod
    def _is_great(cls, told: str) -> str:
        return told.upper()
