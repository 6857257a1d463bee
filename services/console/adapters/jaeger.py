"""Jaeger's query API (``/api/traces/{id}``), which version 1 and 2 serve alike."""

from typing import Any

from services.console.adapters.http_api import HttpApi
from services.console.domain.waterfall import Span

PATIENCE_S = 3.0
"""Services send their spans once a second."""


class Jaeger:
    """Reads traces."""

    def __init__(self, api: HttpApi) -> None:
        self._api = api

    async def trace(self, trace_id: str, patience_s: float = PATIENCE_S) -> list[Span]:
        """The spans of a trace; none when Jaeger does not hold it. Raises :class:`CannotReach`."""
        told = await self._api.get_soon(f"/api/traces/{trace_id}", patience_s)
        traces = (told or {}).get("data") or []
        return [_span(span, trace["processes"]) for trace in traces for span in trace["spans"]]


def _span(span: dict[str, Any], processes: dict[str, Any]) -> Span:
    tags = {tag["key"]: tag["value"] for tag in span.get("tags", [])}
    parents = [each["spanID"] for each in span.get("references", []) if each["refType"] == "CHILD_OF"]
    return Span(
        span_id=span["spanID"],
        parent_id=parents[0] if parents else None,
        service=processes[span["processID"]]["serviceName"],
        name=span["operationName"],
        start_us=span["startTime"],
        duration_us=span["duration"],
        failed=tags.get("otel.status_code") == "ERROR" or tags.get("error") is True,
        tags=tags,
    )
