"""Where spans and pushed metrics go. Without an address spans are made, so that context goes on, and not sent."""

from typing import Literal

from pydantic import Field, field_validator
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


NEAR_COLLECTOR = "http://localhost:4318"
"""Where OpenTelemetry says that a collector is, when it is told nothing."""
EXPORTERS = {"otlp", "prometheus", "none"}


class MetricPushConfig(BaseSettings):
    """Metrics are pushed by OTLP where ``OTEL_METRICS_EXPORTER`` is ``otlp``, or a metrics endpoint is named."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    otel_metrics_exporter: str | None = Field(
        default=None, description="`otlp`, `prometheus` (which is always there) or `none`; several apart by commas"
    )
    otel_exporter_otlp_metrics_endpoint: str | None = Field(
        default=None, description="the whole address, with its path"
    )
    otel_exporter_otlp_endpoint: str | None = Field(default=None, description="else this root, and `/v1/metrics`")
    otel_exporter_otlp_metrics_temporality_preference: Literal["cumulative"] = "cumulative"
    otel_metric_export_interval: int = Field(default=60_000, ge=100, description="milliseconds")
    otel_shutdown_s: float = Field(default=5.0, ge=0, description="the most that a post may take")

    @field_validator("otel_metrics_exporter")
    @classmethod
    def _known(cls, told: str | None) -> str | None:
        if unknown := sorted(_named(told) - EXPORTERS):
            raise ValueError(f"{', '.join(unknown)} is not among otlp, prometheus and none")
        return told

    @field_validator("otel_exporter_otlp_metrics_endpoint")
    @classmethod
    def _over_http(cls, told: str | None) -> str | None:
        if told and not told.startswith(("http://", "https://")):
            raise ValueError("begins with http:// or https://")
        return told

    @property
    def endpoint(self) -> str | None:
        """Where metrics are posted to; ``None`` when they are only there to be scraped."""
        if "otlp" not in _named(self.otel_metrics_exporter or self._unless_told()):
            return None
        root = self.otel_exporter_otlp_endpoint or NEAR_COLLECTOR
        return self.otel_exporter_otlp_metrics_endpoint or f"{root.rstrip('/')}/v1/metrics"

    def _unless_told(self) -> str:
        return "otlp" if self.otel_exporter_otlp_metrics_endpoint else "none"


def _named(exporters: str | None) -> set[str]:
    return {each.strip() for each in (exporters or "").split(",") if each.strip()}
