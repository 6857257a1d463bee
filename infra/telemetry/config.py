"""Where spans go. Without an address they are made, so that context goes on, and not sent."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class TelemetryConfig(BaseSettings):
    """``OTEL_EXPORTER_OTLP_ENDPOINT`` is the root address of an OTLP receiver over HTTP."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    otel_exporter_otlp_endpoint: str | None = None
    otel_queue_spans: int = Field(default=65_536, ge=512)
    otel_flush_ms: int = Field(default=1_000, ge=10)
    otel_shutdown_s: float = Field(default=5.0, ge=0)
    otel_instrumentation_genai_capture_message_content: bool = Field(
        default=False, description="prompts and answers in the spans of model calls: for development"
    )
