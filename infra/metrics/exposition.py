"""Measures in Prometheus's text format, by its own client library."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from infra.metrics.health import Health
from infra.metrics.measure import Buckets, Measure

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


class Exposition:
    """What a scrape is given: the measures of these services, and those of the process."""

    def __init__(self, services: Sequence[Health]) -> None:
        self._services = services
        self._registry = CollectorRegistry()
        self._registry.register(_Services(services))
        ProcessCollector(registry=self._registry)

    async def text(self) -> bytes:
        """All measures as they are now."""
        await asyncio.gather(*(service.refresh() for service in self._services))
        return generate_latest(self._registry)


class _Services(Collector):
    def __init__(self, services: Iterable[Health]) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for service in self._services:
            for measure in service.measures:
                name = measure.name.removesuffix("_total")
                family = families.setdefault(name, Metric(name, measure.tells, measure.kind))
                _fill(family, measure, service.labels)
        yield from families.values()


def _fill(family: Metric, measure: Measure, labels: Mapping[str, str]) -> None:
    reading = measure.read()
    if isinstance(reading, Buckets):
        _fill_histogram(family, reading, labels)
    elif isinstance(reading, Mapping):
        for key, value in list(reading.items()):
            parts = (key,) if isinstance(key, str) else key
            family.add_sample(measure.name, {**labels, **dict(zip(measure.labels, parts, strict=True))}, value)
    else:
        family.add_sample(measure.name, dict(labels), reading)


def _fill_histogram(family: Metric, reading: Buckets, labels: Mapping[str, str]) -> None:
    counted = list(accumulate(reading.counts))
    for bound, count in zip((*reading.bounds, float("inf")), counted, strict=True):
        family.add_sample(f"{family.name}_bucket", {**labels, "le": floatToGoString(bound)}, count)
    family.add_sample(f"{family.name}_count", dict(labels), counted[-1])
    family.add_sample(f"{family.name}_sum", dict(labels), reading.total)
