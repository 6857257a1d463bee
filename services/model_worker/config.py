"""Settings of a model worker."""

from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.entry import Name


class ModelWorkerConfig(BaseSettings):
    """``MODEL_WORKER_*``. One process serves one provider; any number of processes may serve the same one."""

    model_config = SettingsConfigDict(env_prefix="MODEL_WORKER_", frozen=True, extra="ignore")

    provider: Name
    concurrency: int | None = Field(default=None, ge=1, description="calls at once; the portfolio's, when not set")
    lease_s: float = Field(default=5.0, gt=2, description="renewed first within two seconds, so more than that")
    presence_s: float = Field(default=30.0, gt=1, description="without a sign of life, a worker counts as gone")
    claim_poll_s: float = Field(default=0.5, gt=0, description="how often to look for what others left")
    batch_pause_ms: int = Field(default=5, ge=0, le=1_000, description="after a claim of more than one attempt")
    results_pause_ms: int = Field(default=20, ge=0, le=1_000, description="after results, at a thousand a second")
    live_batch_ms: int = Field(default=60, ge=0, le=1_000, description="between the chunks of a live answer")
    late_s: float = Field(default=30.0, ge=0, le=600, description="to read on calls past their time, for their cost")
    late_beside: int = Field(default=2, ge=0, description="calls read on beside full slots; the oldest make way")
    stop_grace_s: float = Field(default=15.0, ge=0, description="for calls that run when the worker is stopped")
    sweep_s: float = Field(default=2.0, gt=0, description="how often to look for outcomes that a crash left unsaid")
    retention_s: float = Field(default=3_600.0, ge=60, description="attempts are deleted so long after their deadline")
    largest_answer_bytes: int = Field(default=8_388_608, ge=1_024, description="of a provider's response")
    most_large_bytes: int = Field(default=67_108_864, ge=1, description="of content by reference in calls at once")

    @model_validator(mode="after")
    def _late_within_retention(self) -> Self:
        if self.late_s > self.retention_s:
            raise ValueError(
                f"MODEL_WORKER_LATE_S ({self.late_s:g}) may not exceed MODEL_WORKER_RETENTION_S ({self.retention_s:g}):"
                " what a late call came to is stored beside its attempt, which would be deleted by then"
            )
        return self
