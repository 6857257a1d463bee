"""Settings of the profiler."""

import json
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class ProfilerConfig(BaseSettings):
    """``PROFILER_*``. Reply topics must exist before a client may name them in ``reply_to``."""

    model_config = SettingsConfigDict(env_prefix="PROFILER_", frozen=True, extra="ignore")

    reply_topics: Annotated[tuple[str, ...], NoDecode] = Field(default=(), description="by commas, or a JSON list")
    longest_deadline_s: float = Field(default=3_600, gt=0)
    keep_admissions_days: int = Field(default=8, ge=1, description="longer than the intake topic's retention")
    classifier: Path | None = Field(default=None, description="the file that `portfolio profiler train` wrote")

    @field_validator("reply_topics", mode="before")
    @classmethod
    def _by_commas(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        if value.startswith("["):
            return json.loads(value)
        return tuple(name for each in value.split(",") if (name := each.strip()))
