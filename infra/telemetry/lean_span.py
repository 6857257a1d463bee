"""A span in wire form from the start: what the SDK's span records, without its locks, limits, cleaning and objects.

Whoever makes one chooses its attributes, and ends it once. At a dozen spans a request the SDK's general span, and the
objects that its encoder makes of it, would be a tenth of all that a request costs.
"""

import time
from collections.abc import Callable
from random import getrandbits

from opentelemetry.trace import SpanKind

from infra.telemetry.context import TraceParent, parent_of
from infra.telemetry.wire import failed_status, span_form, span_of

Emit = Callable[[bytes], None]
"""Takes a finished span, an OTLP ``Span`` message."""


class LeanSpan:
    """One span. Sampled as its parent is; a root is sampled, and begins the trace ``root`` (32 hexadecimal digits)."""

    __slots__ = ("_attributes", "_emit", "_form", "_parent", "_sampled", "_span_id", "_started", "_status", "trace_id")

    def __init__(
        self, emit: Emit, form: bytes, parent: TraceParent | None, attributes: bytes, started_ns: int, root: str = ""
    ) -> None:
        self.trace_id = parent.trace_id if parent else root or f"{getrandbits(128) or 1:032x}"
        self._span_id = f"{getrandbits(64) or 1:016x}"
        self._sampled = parent is None or parent.is_sampled
        self._emit = emit
        self._form = form
        self._parent = parent.span_id if parent else ""
        self._attributes = attributes
        self._started = started_ns
        self._status = b""

    @property
    def traceparent(self) -> str:
        """The header that continues it."""
        return f"00-{self.trace_id}-{self._span_id}-{'01' if self._sampled else '00'}"

    def fail(self, description: str) -> None:
        """Mark what it stands for as failed. ``description`` holds no content."""
        self._status = failed_status(description)

    def end(self) -> None:
        """Hand it on, when it is sampled."""
        if self._sampled:
            ids = (self.trace_id, self._span_id, self._parent)
            self._emit(span_of(ids, self._form, (self._started, time.time_ns()), self._attributes, self._status))


class LeanSpans:
    """Makes the spans of one service."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit

    def event(
        self, name: str, parent: TraceParent | None, attributes: bytes, started_ns: int, root: str = ""
    ) -> LeanSpan:
        """Of an event that is processed (kind consumer)."""
        return LeanSpan(self._emit, span_form(name, SpanKind.CONSUMER), parent, attributes, started_ns, root)

    def call(self, name: str, traceparent: str | None, attributes: bytes, started_ns: int) -> LeanSpan:
        """Of a call to another system (kind client)."""
        form = span_form(name, SpanKind.CLIENT)
        return LeanSpan(self._emit, form, parent_of(traceparent), attributes, started_ns)
