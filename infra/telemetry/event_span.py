"""The span of one event on the bus: what the SDK's span records, without its locks, limits and cleaning.

The bus makes one for each event, its attributes are its own, and it is ended once by whoever made it; the SDK's general
span costs three times as much. Finished, it is the SDK's ``ReadableSpan`` and goes to the same processors.
"""

import time
from collections.abc import Callable, Mapping
from random import getrandbits

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

SAMPLED = TraceFlags(TraceFlags.SAMPLED)
UNSET = Status(StatusCode.UNSET)


class EventSpan:
    """A processing span (kind consumer). Sampled as its parent is; a root is sampled, and begins the trace ``root``."""

    __slots__ = ("_attributes", "_name", "_origin", "_parent", "_started", "_status", "context")

    def __init__(
        self,
        name: str,
        parent: SpanContext | None,
        attributes: Mapping[str, str | int],
        started_ns: int,
        origin: tuple[Resource, InstrumentationScope, Callable[[ReadableSpan], None]],
        root: int = 0,
    ) -> None:
        trace_id = parent.trace_id if parent else root or getrandbits(128) or 1
        flags = parent.trace_flags if parent else SAMPLED
        self.context = SpanContext(trace_id, getrandbits(64) or 1, is_remote=False, trace_flags=flags)
        self._name = name
        self._parent = parent
        self._attributes = attributes
        self._started = started_ns
        self._status = UNSET
        self._origin = origin

    def fail(self, description: str) -> None:
        """Mark what it processed as failed. ``description`` holds no content."""
        self._status = Status(StatusCode.ERROR, description)

    def end(self) -> None:
        """Hand it to the processors, when it is sampled."""
        if not self.context.trace_flags.sampled:
            return
        resource, scope, finished = self._origin
        finished(
            ReadableSpan(
                self._name,
                self.context,
                self._parent,
                resource,
                self._attributes,
                kind=SpanKind.CONSUMER,
                status=self._status,
                start_time=self._started,
                end_time=time.time_ns(),
                instrumentation_scope=scope,
            )
        )
