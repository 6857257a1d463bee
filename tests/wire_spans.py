"""Spans in wire form, read by OTLP's own messages."""

from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span


def span_in(wire: bytes) -> Span:
    """The span that was handed on."""
    return Span.FromString(wire)


def attributes_in(span: Span) -> dict[str, Any]:
    """Its attributes, as plain values."""
    return {one.key: _plain(one.value) for one in span.attributes}


def _plain(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_plain(one) for one in value.array_value.values]
    return getattr(value, kind) if kind else None
