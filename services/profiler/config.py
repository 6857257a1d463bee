"""Settings of the profiler."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ProfilerConfig(BaseSettings):
    """``PROFILER_*``. Reply topics must exist before a client may name them in ``reply_to``."""

    model_config = SettingsConfigDict(env_prefix="PROFILER_", frozen=True, extra="ignore")

    reply_topics: tuple[str, ...] = ()
    longest_deadline_s: float = Field(default=3_600, gt=0)
    keep_admissions_days: int = Field(default=8, ge=1, description="longer than the intake topic's retention")
    classifier: Path | None = Field(default=None, description="the file that `portfolio profiler train` wrote")
