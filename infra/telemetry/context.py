"""W3C Trace Context (https://www.w3.org/TR/trace-context/), version 00: read from and written to headers."""

import re
from hashlib import sha256
from typing import NamedTuple

from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

FORM = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
NO_TRACE, NO_SPAN = "0" * 32, "0" * 16


class TraceParent(NamedTuple):
    """A remote span, by its ids in hexadecimal digits."""

    trace_id: str
    span_id: str
    is_sampled: bool


def parent_of(traceparent: str | None) -> TraceParent | None:
    """The remote span that a header names; ``None`` for no header or an invalid one."""
    match = FORM.fullmatch(traceparent) if traceparent else None
    if match is None:
        return None
    trace_id, span_id, flags = match.groups()
    if trace_id == NO_TRACE or span_id == NO_SPAN:
        return None
    return TraceParent(trace_id, span_id, bool(int(flags, 16) & TraceFlags.SAMPLED))


def span_context_of(traceparent: str | None) -> SpanContext | None:
    """As :func:`parent_of`, for the SDK."""
    parent = parent_of(traceparent)
    if parent is None:
        return None
    trace_id, span_id = int(parent.trace_id, 16), int(parent.span_id, 16)
    return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(parent.is_sampled))


def trace_id_of_record(topic: str, partition: int, offset: int, timestamp_ms: int) -> str:
    """The trace that a record begins when it names none: the same one, should it be delivered again."""
    name = f"{topic}:{partition}:{offset}:{timestamp_ms}"
    return sha256(name.encode()).hexdigest()[:32]


def context_of(traceparent: str | None) -> Context:
    """A context to start a span in: a child of the named span, or the root of a new trace."""
    remote = span_context_of(traceparent)
    return set_span_in_context(NonRecordingSpan(remote), Context()) if remote else Context()


def traceparent_of(span: SpanContext) -> str:
    """The header that continues this span."""
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"
