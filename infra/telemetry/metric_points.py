"""A service's measures as OTLP has them: read where they stand, with the names and labels that a scrape gives."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    Sum,
)
from prometheus_client.core import Metric as Scraped

from infra.metrics.measure import Buckets, Kind, Labels, Measure

UNKNOWN = cast("float", None)
"""The least and the most of a histogram's values, which nobody keeps; OTLP leaves them out then."""


@dataclass(frozen=True, slots=True)
class Span:
    """From when counters count, and until when, in nanoseconds since 1970."""

    begun: int
    now: int


def metrics_of(measures: Iterable[Measure], labels: Mapping[str, str], span: Span) -> Iterator[Metric]:
    """Every measure that has a value. ``labels`` go with each point."""
    for measure in measures:
        reading = measure.read()
        if isinstance(reading, Buckets):
            yield Metric(measure.name, measure.tells, "", _histogram(reading, labels, span))
        elif points := list(_points(measure, reading, labels, span)):
            yield Metric(measure.name, measure.tells, "", _numbers(measure.kind, points))


def scraped(families: Iterable[Scraped], span: Span) -> Iterator[Metric]:
    """What Prometheus's client tells of the process: counters and gauges."""
    for family in families:
        for sample in family.samples:
            point = NumberDataPoint(sample.labels, span.begun, span.now, sample.value)
            yield Metric(sample.name, family.documentation, "", _numbers(cast("Kind", family.type), [point]))


def _points(
    measure: Measure,
    reading: float | Mapping[str, float] | Mapping[Labels, float],
    labels: Mapping[str, str],
    span: Span,
) -> Iterator[NumberDataPoint]:
    # Floats all: the exporter refuses a whole post for the sake of one truth value.
    if not isinstance(reading, Mapping):
        yield NumberDataPoint(labels, span.begun, span.now, float(reading))
        return
    for key, value in list(reading.items()):
        parts = (key,) if isinstance(key, str) else key
        told = {**labels, **dict(zip(measure.labels, parts, strict=True))}
        yield NumberDataPoint(told, span.begun, span.now, float(value))


def _numbers(kind: Kind, points: list[NumberDataPoint]) -> Sum | Gauge:
    if kind == "gauge":
        return Gauge(points)
    return Sum(points, AggregationTemporality.CUMULATIVE, is_monotonic=True)


def _histogram(reading: Buckets, labels: Mapping[str, str], span: Span) -> Histogram:
    counts = list(reading.counts)
    point = HistogramDataPoint(
        attributes=labels,
        start_time_unix_nano=span.begun,
        time_unix_nano=span.now,
        count=sum(counts),
        sum=reading.total,
        bucket_counts=counts,
        explicit_bounds=list(reading.bounds),
        min=UNKNOWN,
        max=UNKNOWN,
    )
    return Histogram([point], AggregationTemporality.CUMULATIVE)
