"""Settings of the ledger."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class LedgerConfig(BaseSettings):
    """``LEDGER_*``. Port 0 takes any free one. The linger trades freshness for larger, cheaper batches."""

    model_config = SettingsConfigDict(env_prefix="LEDGER_", env_ignore_empty=True, frozen=True, extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=8081, ge=0, le=65_535)
    linger_ms: int = Field(default=100, ge=0, le=10_000)
    readers: int = Field(default=4, ge=1, le=100, description="database connections of the read API")
    digest_pause_s: float = Field(default=1, gt=0, le=60, description="between looks at what changed, for the operator")
    scores_pause_s: float = Field(default=10, gt=0, le=3_600, description="between looks at what models achieve")
    feedback_most_share: float = Field(
        default=0.25, gt=0, le=1, description="of a score, what the feedback on one tenant's requests may move"
    )
    scores_keep: float = Field(
        default=0.99, gt=0.5, lt=1, description="what a judgement still counts for each one that came after it"
    )
    keep_days: int | None = Field(
        default=None,
        ge=8,
        le=36_500,
        description="of requests, all unless told; the log has seven, reviews eight",
    )
