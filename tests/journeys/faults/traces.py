"""Whether every request is one trace, whole but for the spans that a killed process took with it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from pipeline.spans import Span

from journeys.faults.books import Books
from schemas.topics import INTAKE

FIRST = frozenset({"gateway", "profiler"})
"""The services that begin a trace."""


def broken_traces(books: Books) -> Iterator[tuple[object, str]]:
    """Requests whose events are in several traces, and spans whose parent is missing though nobody died."""
    traces: defaultdict[object, set[str]] = defaultdict(set)
    for said in books.log.said:
        if not said.topic.startswith(INTAKE):  # a client that asks again may begin another, which leads to nothing
            traces[said.request_id].add(said.trace_id)
    for request_id, found in traces.items():
        if len(found) > 1:
            yield request_id, f"its events are in {len(found)} traces"
    published_by = {said.span_id: said.source for said in books.log.said}
    for trace_id in {trace_id for request_id in books.accepted for trace_id in traces[request_id]}:
        yield from _gaps(trace_id, books.spans.get(trace_id, ()), published_by, books.killed)


def _gaps(
    trace_id: str, spans: tuple[Span, ...], published_by: Mapping[str, str], killed: frozenset[str]
) -> Iterator[tuple[object, str]]:
    """A missing span is a killed process's when its events name it, or (a worker's own) when its child's service is."""
    there = {span.span_id for span in spans}
    roots = {(span.service, span.name) for span in spans if not span.parent_id}
    if len(roots) != 1 and not (not roots and killed & FIRST):
        yield trace_id, f"has {len(roots)} kinds of first spans among {len(spans)}"
    for span in spans:
        if span.parent_id and span.parent_id not in there:
            whose = published_by.get(span.parent_id, span.service)
            if whose not in killed:
                yield trace_id, f"{span.service} {span.name}: its parent, of {whose}, is missing"
