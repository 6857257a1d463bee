"""Settings of escalation."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class EscalationConfig(BaseSettings):
    """``ESCALATION_*``: how often deadlines are looked at, how many at once, and how long ended requests are kept."""

    model_config = SettingsConfigDict(env_prefix="ESCALATION_", frozen=True, extra="ignore")

    tick_ms: int = Field(default=200, ge=10, le=1_000)
    due_at_once: int = Field(default=500, ge=1)
    keep_requests_days: int = Field(default=8, ge=1, description="longer than the event topics' retention")
