"""Posts the measures of a process to an OTLP receiver every minute: what a scrape would be given, read the same way."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics.export import (
    Metric,
    MetricExporter,
    MetricExportResult,
    MetricsData,
    ResourceMetrics,
    ScopeMetrics,
)
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from prometheus_client import ProcessCollector

from infra.metrics.health import Health
from infra.telemetry.collector_session import CollectorSession
from infra.telemetry.config import MetricPushConfig
from infra.telemetry.metric_points import Span, metrics_of, scraped
from infra.telemetry.resource import NAMESPACE, resource_of

log = logging.getLogger(__name__)
SCOPE = InstrumentationScope(NAMESPACE)


class MetricPush:
    """Off unless its settings name a receiver. Each service is a resource; the process is told with the only one."""

    def __init__(self, config: MetricPushConfig, services: Sequence[Health]) -> None:
        self._config = config
        self._services = services
        self._process = ProcessCollector(registry=None)
        self._begun = time.time_ns()
        self._stopping = asyncio.Event()
        self._pushing: asyncio.Task[None] | None = None
        self._taken = True

    async def start(self) -> None:
        """Push from now on."""
        if endpoint := self._config.endpoint:
            log.info("metrics are pushed to %s", urlsplit(endpoint).hostname)  # the rest may hold a password
            exporter = OTLPMetricExporter(endpoint, timeout=self._config.otel_shutdown_s, session=CollectorSession())
            self._pushing = asyncio.create_task(self._push(exporter))

    async def stop(self) -> None:
        """Push once more, and no more."""
        self._stopping.set()
        if self._pushing is not None:
            await self._pushing

    async def _push(self, exporter: MetricExporter) -> None:
        while not await self._is_over():
            await asyncio.gather(*(service.refresh() for service in self._services))
            await self._post(exporter)
        await self._post(exporter)
        exporter.shutdown()

    async def _is_over(self) -> bool:
        """Wait for the next push, or for the end."""
        try:
            async with asyncio.timeout(self._config.otel_metric_export_interval / 1_000):
                return await self._stopping.wait()
        except TimeoutError:
            return False

    async def _post(self, exporter: MetricExporter) -> None:
        told = self._told()
        taken = await asyncio.to_thread(exporter.export, told) is MetricExportResult.SUCCESS
        # One line when the receiver goes away and one when it is back, instead of one a push.
        if taken != self._taken:
            self._taken = taken
            log.warning("the OTLP receiver takes metrics again" if taken else "no OTLP receiver takes the metrics")

    def _told(self) -> MetricsData:
        span = Span(self._begun, time.time_ns())
        told = [(each.labels, [*metrics_of(each.measures, each.labels, span)]) for each in self._services]
        process = scraped(self._process.collect(), span)
        if len(told) == 1:
            told[0][1].extend(process)
        else:
            told.append(({"service": NAMESPACE}, [*process]))
        return MetricsData([_resource(labels, metrics) for labels, metrics in told])


def _resource(labels: Mapping[str, str], metrics: Sequence[Metric]) -> ResourceMetrics:
    """One resource for each set of labels: the exporter keeps one of those that are alike."""
    other = {name: value for name, value in labels.items() if name != "service"}
    return ResourceMetrics(resource_of(labels["service"], **other), [ScopeMetrics(SCOPE, metrics, "")], "")
