"""HTTP in: OpenAI's chat completions and model list, Anthropic's messages, feedback, and what an orchestrator asks."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from fastapi import FastAPI, Request, Response
from fastapi.telemetry import TelemetryConfig
from opentelemetry.trace import Tracer
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from schemas.review import FeedbackRecorded
from schemas.standing import PortfolioRevised
from services.gateway.adapters.client import Bounds, ClientLeft, UntilClientLeaves, read_body
from services.gateway.adapters.event_stream import EventStream, LateResponse
from services.gateway.adapters.gate import Gate
from services.gateway.adapters.keys_api import keys_api
from services.gateway.adapters.large_requests import LargeRequests, Place
from services.gateway.adapters.load import Load
from services.gateway.adapters.server_span import ServerSpan
from services.gateway.adapters.submissions import Submissions
from services.gateway.adapters.waiting import End, Waiting
from services.gateway.config import GatewayConfig
from services.gateway.domain.chat_completion import Reply
from services.gateway.domain.chat_request import Asked, fits
from services.gateway.domain.dialect import ANTHROPIC, OPENAI, Dialect, dialect_at
from services.gateway.domain.feedback import FEEDBACK, LARGEST_BYTES, feedback_of, receipt, recorded
from services.gateway.domain.load import kind_of
from services.gateway.domain.messages_request import counted
from services.gateway.domain.model_list import model_list, model_named
from services.gateway.domain.openapi import (
    chat_operation,
    count_operation,
    feedback_operation,
    messages_operation,
    model_operation,
    models_operation,
)
from services.gateway.domain.patience import patience_s
from services.gateway.domain.problems import Refused, broken, no_portfolio, no_such_route, not_heard, stopping

COUNT = f"{ANTHROPIC.path}/count_tokens"
NO_SECOND_SPAN: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
"""FastAPI's own spans, which would stand beside the gateway's where a global tracer is set."""
BROKEN = 500
CLIENT_LEFT = 499
"""What is noted of a client that hung up; nobody is there to read it."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes work with. ``revised``: the portfolio in force; ``unready``: why not ready, where that is so."""

    config: GatewayConfig
    waiting: Waiting
    submissions: Submissions
    large: LargeRequests
    mint: Callable[[], UUID]
    revised: Callable[[], PortfolioRevised | None]
    unready: Callable[[], str | None]
    tracer: Tracer
    load: Load = field(default_factory=Load)
    gate: Gate = field(default_factory=Gate)

    def portfolio(self) -> PortfolioRevised:
        """The revision in force. Raises ``Refused`` when there is none."""
        if (revised := self.revised()) is None:
            raise no_portfolio()
        return revised


def http_app(desk: Desk) -> FastAPI:
    """The gateway's HTTP side. The chat route reads its body itself: within bounds, and parsed once."""
    app = FastAPI(title="Model Portfolio gateway", docs_url=None, redoc_url=None, telemetry=NO_SECOND_SPAN)

    @app.post(OPENAI.path, openapi_extra=chat_operation())
    async def chat_completions(request: Request) -> Response:
        return LateResponse(partial(_chat, desk, OPENAI, request))

    @app.post(ANTHROPIC.path, openapi_extra=messages_operation())
    async def messages(request: Request) -> Response:
        return LateResponse(partial(_chat, desk, ANTHROPIC, request))

    @app.post(COUNT, openapi_extra=count_operation())
    async def count_tokens(request: Request) -> Response:
        return await _counted(desk, request)

    @app.post(FEEDBACK, status_code=201, openapi_extra=feedback_operation())
    async def feedback(request: Request) -> Response:
        return await _feedback(desk, request)

    @app.get("/v1/models", openapi_extra=models_operation())
    async def models(request: Request) -> Response:
        await desk.gate.visit(request.headers)
        return _json(200, model_list(desk.portfolio()))

    @app.get("/v1/models/{name:path}", openapi_extra=model_operation())
    async def model(request: Request, name: str) -> Response:
        await desk.gate.visit(request.headers)
        return _json(200, model_named(desk.portfolio(), name))

    @app.get("/live")
    async def live() -> Response:
        return _json(200, {"status": "live"})

    @app.get("/ready")
    async def ready() -> Response:
        why = desk.unready()
        return _json(503, {"status": "not ready", "why": why}) if why else _json(200, {"status": "ready"})

    if desk.gate.store is not None:
        app.include_router(keys_api(desk.gate, desk.gate.store))
    app.add_exception_handler(Refused, _on_refused)
    app.add_exception_handler(HTTPException, _on_no_such_route)
    app.add_exception_handler(Exception, _on_broken)
    return app


async def _chat(desk: Desk, dialect: Dialect, request: Request, stream: EventStream) -> Response | None:
    span = ServerSpan(desk.tracer, request.method, dialect.path, request.headers.get("traceparent"))
    told = {"x-portfolio-trace-id": span.trace_id}
    status = BROKEN
    try:
        reply = await _answered(desk, dialect, request, stream, span, told)
        status = reply.status
    except Refused as refused:
        reply = dialect.refusal(refused.problem)
        status = reply.status
    except ClientLeft:
        reply = None
        status = CLIENT_LEFT
    finally:
        span.end(status)
    if stream.begun:
        return await stream.end(reply.late if reply else b"")
    return _response(reply, told) if reply else Response(status_code=CLIENT_LEFT)


async def _answered(
    desk: Desk, dialect: Dialect, request: Request, stream: EventStream, span: ServerSpan, told: dict[str, str]
) -> Reply:
    """Submit and wait. ``told`` takes the request's id as soon as there is a request."""
    config = desk.config
    visit = await desk.gate.visit(request.headers)
    revised = desk.portfolio()
    request_id = desk.mint()
    with desk.waiting.place(request_id) as end, desk.large.place() as large:
        asked = await _asked(config, dialect, request, request_id, large)
        submitted = await visit.let_in(asked.submitted)
        is_stream, include_usage = asked.stream, asked.include_usage
        del asked
        patience = patience_s(submitted, revised.portfolio, config.longest_wait_s)
        span.about(told.setdefault("x-portfolio-request-id", str(request_id)))
        with desk.load.place(kind_of(submitted, revised.portfolio)) as note:
            submitted = await large.referred(submitted)
            async with UntilClientLeaves(request.receive):
                await desk.submissions.publish(submitted, span.traceparent, config.publish_timeout_s)
                # What was sent is not held while its answer is waited for.
                del submitted
                large.leave()
                tell = partial(stream.tell, dialect.waiting, told)
                heard = _heard(end, tell, config.progress_s) if is_stream else end
                ended = await _ended(heard, patience, note)
                await visit.used(ended)
                return dialect.streamed(ended, include_usage) if is_stream else dialect.reply_of(ended)


async def _asked(config: GatewayConfig, dialect: Dialect, request: Request, request_id: UUID, large: Place) -> Asked:
    """What the body asks for; its place among the large ones is taken when Kafka could not carry it."""
    bounds = Bounds(config.max_body_bytes, config.max_inline_bytes, large.take)
    body = await read_body(request, bounds, config.body_timeout_s)
    asked = dialect.asked_of(body, request_id)
    if not fits(asked.submitted, len(body), config.max_inline_bytes):
        large.take()
    return asked


async def _counted(desk: Desk, request: Request) -> Response:
    config = desk.config
    await desk.gate.visit(request.headers)
    with desk.large.place() as large:
        bounds = Bounds(config.max_body_bytes, config.max_inline_bytes, large.take)
        try:
            body = await read_body(request, bounds, config.body_timeout_s)
        except ClientLeft:
            return Response(status_code=CLIENT_LEFT)
        return _json(200, counted(body))


async def _feedback(desk: Desk, request: Request) -> Response:
    """Recorded once Kafka has it, in the trace of this HTTP request."""
    span = ServerSpan(desk.tracer, request.method, FEEDBACK, request.headers.get("traceparent"))
    status = BROKEN
    try:
        reply = _json(201, receipt(await _recorded(desk, request, span)))
        status = reply.status_code
    except Refused as refused:
        status = refused.problem.status
        raise
    except ClientLeft:
        reply = Response(status_code=(status := CLIENT_LEFT))
    finally:
        span.end(status)
    return reply


async def _recorded(desk: Desk, request: Request, span: ServerSpan) -> FeedbackRecorded:
    config = desk.config
    visit = await desk.gate.visit(request.headers)
    body = await read_body(request, Bounds(LARGEST_BYTES, LARGEST_BYTES, lambda: None), config.body_timeout_s)
    event = recorded(feedback_of(body), visit.speaks_for, uuid4(), datetime.now(UTC))
    span.about(str(event.request_id))
    await desk.submissions.publish(event, span.traceparent, config.publish_timeout_s)
    return event


async def _heard(end: asyncio.Future[End | None], tell: Callable[[], Awaitable[None]], every_s: float) -> End | None:
    """The end; while there is none, the client is told that it is waited for."""
    while not (await asyncio.wait({end}, timeout=every_s))[0]:
        await tell()
    return end.result()


async def _ended(end: Awaitable[End | None], patience_s: float, note: Callable[[End | None], None]) -> End:
    try:
        async with asyncio.timeout(patience_s):
            found = await end
    except TimeoutError:
        note(None)
        raise not_heard(patience_s) from None
    if found is None:
        raise stopping()
    note(found)
    return found


async def _on_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 it is registered for these
    return _response(dialect_at(request.url.path).refusal(error.problem), {})


async def _on_no_such_route(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    told = no_such_route(status, request.method, request.url.path)
    return _response(dialect_at(request.url.path).refusal(told), {})


async def _on_broken(request: Request, error: Exception) -> Response:
    return _response(dialect_at(request.url.path).refusal(broken()), {})


def _response(reply: Reply, told: dict[str, str]) -> Response:
    return Response(reply.body, reply.status, {**told, **reply.headers}, media_type=reply.media_type)


def _json(status: int, value: dict[str, Any]) -> Response:
    return Response(to_json(value), status, media_type="application/json")
