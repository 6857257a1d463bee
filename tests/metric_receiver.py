"""An OTLP receiver of metrics over HTTP, which reads protobuf by OTLP's own messages."""

import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import accumulate

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import HistogramDataPoint, Metric, NumberDataPoint
from prometheus_client.utils import floatToGoString

from tests.otlp_server import OtlpServer

PATH = "/v1/metrics"
TIMEOUT_S = 20.0
Series = tuple[str, frozenset[tuple[str, str]]]
"""The name of a sample and its labels, as a scrape has them."""


class MetricReceiver:
    """What was posted, in order. ``status`` is what the next posts are answered with."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.status = 200
        self.authorizations: list[str] = []
        self._posts: list[ExportMetricsServiceRequest] = []
        self._asked = 0
        self._moved = threading.Condition()
        self._server = OtlpServer(self._take, ExportMetricsServiceResponse().SerializeToString(), context)
        self.root = self._server.root
        self.address = self.root + PATH

    def close(self) -> None:
        self._server.close()

    def posts(self) -> list[ExportMetricsServiceRequest]:
        """What was taken so far."""
        with self._moved:
            return list(self._posts)

    def after(self, posts: int) -> ExportMetricsServiceRequest:
        """The newest post, once more than so many were taken."""
        with self._moved:
            assert self._moved.wait_for(lambda: len(self._posts) > posts, TIMEOUT_S), "nothing was pushed"
            return self._posts[-1]

    def asked(self, more_than: int) -> int:
        """How often it was posted to, taken or not, once that is more."""
        with self._moved:
            assert self._moved.wait_for(lambda: self._asked > more_than, TIMEOUT_S), "nothing was pushed"
            return self._asked

    def _take(self, path: str, authorization: str, body: bytes) -> int:
        with self._moved:
            self._asked += 1
            status = self.status if path == PATH else 404
            if status == 200:
                self._posts.append(ExportMetricsServiceRequest.FromString(body))
                self.authorizations.append(authorization)
            self._moved.notify_all()
        return status


@contextmanager
def metric_receiver(context: ssl.SSLContext | None = None) -> Iterator[MetricReceiver]:
    """A receiver in this process, over TLS with a context."""
    taking = MetricReceiver(context)
    yield taking
    taking.close()


def metrics_in(post: ExportMetricsServiceRequest) -> Iterator[tuple[dict[str, str], Metric]]:
    """Every metric, with what its resource says of itself."""
    for told in post.resource_metrics:
        for scope in told.scope_metrics:
            for metric in scope.metrics:
                yield _plain(told.resource.attributes), metric


def series_in(post: ExportMetricsServiceRequest) -> dict[Series, float]:
    """Every sample as a scrape would have it; histograms in cumulative buckets."""
    return {series: value for _, metric in metrics_in(post) for series, value in _samples(metric)}


def _samples(metric: Metric) -> Iterator[tuple[Series, float]]:
    for point in metric.sum.data_points or metric.gauge.data_points:
        yield (metric.name, _labels(point)), point.as_double if point.HasField("as_double") else point.as_int
    for point in metric.histogram.data_points:
        bounds = [*map(floatToGoString, point.explicit_bounds), "+Inf"]
        for bound, count in zip(bounds, accumulate(point.bucket_counts), strict=True):
            yield (f"{metric.name}_bucket", _labels(point) | {("le", bound)}), count
        yield (f"{metric.name}_count", _labels(point)), point.count
        yield (f"{metric.name}_sum", _labels(point)), point.sum


def _labels(point: NumberDataPoint | HistogramDataPoint) -> frozenset[tuple[str, str]]:
    return frozenset(_plain(point.attributes).items())


def _plain(attributes: Iterable[KeyValue]) -> dict[str, str]:
    return {each.key: each.value.string_value for each in attributes}
