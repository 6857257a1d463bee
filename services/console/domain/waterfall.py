"""A trace, laid out as a waterfall: who called whom, when it began and how long it took."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Span:
    """A span as a trace store tells it. Times in microseconds since the epoch."""

    span_id: str
    parent_id: str | None
    service: str
    name: str
    start_us: int
    duration_us: int
    failed: bool = False
    tags: Mapping[str, object] = field(default_factory=dict[str, object])

    @property
    def end_us(self) -> int:
        """When it ended, in microseconds since 1970."""
        return self.start_us + self.duration_us


@dataclass(frozen=True, slots=True)
class Bar:
    """One line: ``offset`` and ``width`` are shares of the whole, 0 to 1. An orphan's parent is not in the trace."""

    span: Span
    depth: int
    offset: float
    width: float
    offset_ms: float
    duration_ms: float
    orphan: bool = False


def waterfall(spans: Sequence[Span]) -> list[Bar]:
    """The bars in the order of reading: each span after its parent, siblings by their start. Each span once."""
    if not spans:
        return []
    start = min(span.start_us for span in spans)
    whole = max(max(span.end_us for span in spans) - start, 1)
    return [_bar(span, depth, orphan, start, whole) for span, depth, orphan in _ordered(spans)]


def _bar(span: Span, depth: int, orphan: bool, start: int, whole: int) -> Bar:
    began = span.start_us - start
    return Bar(span, depth, began / whole, span.duration_us / whole, began / 1000, span.duration_us / 1000, orphan)


def _ordered(spans: Sequence[Span]) -> Iterator[tuple[Span, int, bool]]:
    known = {span.span_id: span for span in spans}
    children: dict[str | None, list[Span]] = {}
    for span in sorted(known.values(), key=lambda each: (each.start_us, each.span_id)):
        children.setdefault(span.parent_id if span.parent_id in known else None, []).append(span)
    seen: set[str] = set()
    roots = children.get(None, [])
    # Spans of a loop (which no sound trace has) hang from nothing: they are shown last, as orphans.
    for root in [*roots, *known.values()]:
        yield from _below(root, children, seen, orphan=root.parent_id is not None)


def _below(
    root: Span, children: Mapping[str | None, list[Span]], seen: set[str], *, orphan: bool
) -> Iterator[tuple[Span, int, bool]]:
    waiting = [(root, 0)]
    while waiting:
        span, depth = waiting.pop()
        if span.span_id in seen:
            continue
        seen.add(span.span_id)
        yield span, depth, orphan and depth == 0
        waiting += [(child, depth + 1) for child in reversed(children.get(span.span_id, []))]
