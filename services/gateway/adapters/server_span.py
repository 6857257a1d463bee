"""The span of one HTTP request: OpenTelemetry's HTTP conventions, server side. Never holds content."""

from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer

from infra.telemetry.context import context_of, traceparent_of


class ServerSpan:
    """Continues the client's trace where its ``traceparent`` is valid; an invalid one is as good as none."""

    def __init__(self, tracer: Tracer, method: str, route: str, traceparent: str | None) -> None:
        attributes = {"http.request.method": method, "http.route": route, "url.path": route, "url.scheme": "http"}
        context = context_of(traceparent)
        self._span = tracer.start_span(
            f"{method} {route}", context=context, kind=SpanKind.SERVER, attributes=attributes
        )
        own = self._span.get_span_context()
        self.traceparent = traceparent_of(own)
        self.trace_id = f"{own.trace_id:032x}"

    def about(self, request_id: str) -> None:
        """Name the request that came of it."""
        self._span.set_attribute("messaging.message.conversation_id", request_id)

    def end(self, status: int) -> None:
        """The status that was answered; from 500 on the span is an error."""
        self._span.set_attribute("http.response.status_code", status)
        if status >= 500:
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()
