"""HTTP in: OpenAI's chats, responses, embeddings, batches and models, Anthropic's messages, feedback, orchestrators."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from schemas.content import Json
from schemas.review import FeedbackRecorded
from services.gateway.adapters.answer_tally import Tallied, note_refused
from services.gateway.adapters.client import Bounds, ClientLeft, read_body
from services.gateway.adapters.event_stream import LateResponse
from services.gateway.adapters.keys_api import keys_api
from services.gateway.adapters.server_span import ServerSpan
from services.gateway.domain.addresses import nearest, without_slash
from services.gateway.domain.batch import BATCHES
from services.gateway.domain.cache import bad_of
from services.gateway.domain.dialect import ANTHROPIC, OPENAI, RESPONSES, VECTORS, dialect_at
from services.gateway.domain.feedback import FEEDBACK, LARGEST_BYTES, feedback_of, receipt, recorded
from services.gateway.domain.files import FILES
from services.gateway.domain.followed import REQUESTS
from services.gateway.domain.messages_request import counted
from services.gateway.domain.model_list import model_list, model_named
from services.gateway.domain.openapi import (
    chat_operation,
    count_operation,
    embeddings_operation,
    feedback_operation,
    input_tokens_operation,
    look_operation,
    messages_operation,
    model_operation,
    models_operation,
    response_operation,
    responses_operation,
    submit_operation,
)
from services.gateway.domain.openapi_batches import (
    batch_operation,
    begin_batch_operation,
    file_content_operation,
    file_deleted_operation,
    file_operation,
    list_batches_operation,
    list_files_operation,
    send_file_operation,
)
from services.gateway.domain.problems import Refused, broken, no_such_route
from services.gateway.domain.responses_request import input_counted
from services.gateway.routes.batches import begin_batch, cancel_batch, list_batches, show_batch
from services.gateway.routes.chat import BROKEN, CLIENT_LEFT, chat, reply_as
from services.gateway.routes.desk import Desk
from services.gateway.routes.files import delete_file, list_files, read_file, send_file, show_file
from services.gateway.routes.requests import look, retrieve, submit

COUNT = f"{ANTHROPIC.path}/count_tokens"
INPUT_TOKENS = f"{RESPONSES.path}/input_tokens"
NO_SECOND_SPAN: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
"""FastAPI's own spans, which would stand beside the gateway's where a global tracer is set."""


class AsMeant:
    """HEAD is answered as GET is (the server leaves the body out), and an address with a slash after it as without."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            method = "GET" if scope["method"] == "HEAD" else scope["method"]
            scope.setdefault("state", {})
            # A copy, but for its state: the server reads the method in its own.
            scope = {**scope, "method": method, "path": without_slash(scope["path"])}
        await self._app(scope, receive, send)


def http_app(desk: Desk) -> FastAPI:
    """The gateway's HTTP side. The chat route reads its body itself: within bounds, and parsed once."""
    app = FastAPI(
        title="Model Portfolio gateway",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=NO_SECOND_SPAN,
    )
    app.add_middleware(Tallied, tally=desk.tally, logs=desk.config.access_log)
    app.add_middleware(AsMeant)

    @app.post(OPENAI.path, openapi_extra=chat_operation())
    async def chat_completions(request: Request) -> Response:
        return LateResponse(partial(chat, desk, OPENAI, request))

    @app.post(RESPONSES.path, openapi_extra=responses_operation())
    async def responses(request: Request) -> Response:
        return LateResponse(partial(chat, desk, RESPONSES, request))

    @app.post(INPUT_TOKENS, openapi_extra=input_tokens_operation())
    async def input_tokens(request: Request) -> Response:
        return await _counted(desk, request, input_counted)

    @app.get(RESPONSES.path + "/{response_id:path}", openapi_extra=response_operation())
    async def response(request: Request, response_id: str) -> Response:
        return await retrieve(desk, request, response_id)

    @app.post(ANTHROPIC.path, openapi_extra=messages_operation())
    async def messages(request: Request) -> Response:
        return LateResponse(partial(chat, desk, ANTHROPIC, request))

    @app.post(VECTORS.path, openapi_extra=embeddings_operation())
    async def embeddings(request: Request) -> Response:
        return LateResponse(partial(chat, desk, VECTORS, request))

    @app.post(COUNT, openapi_extra=count_operation())
    async def count_tokens(request: Request) -> Response:
        return await _counted(desk, request, counted)

    @app.post(FEEDBACK, status_code=201, openapi_extra=feedback_operation())
    async def feedback(request: Request) -> Response:
        return await _feedback(desk, request)

    @app.post(REQUESTS, status_code=202, openapi_extra=submit_operation())
    async def requests(request: Request) -> Response:
        return await submit(desk, request)

    @app.get(REQUESTS + "/{request_id:path}", openapi_extra=look_operation())
    async def followed(request: Request, request_id: str) -> Response:
        return await look(desk, request, request_id)

    _serve_batches(app, desk)

    @app.get("/v1/models", openapi_extra=models_operation())
    async def models(request: Request) -> Response:
        await desk.visit(request)
        return _json(200, model_list(desk.portfolio()))

    @app.get("/v1/models/{name:path}", openapi_extra=model_operation())
    async def model(request: Request, name: str) -> Response:
        await desk.visit(request)
        return _json(200, model_named(desk.portfolio(), name))

    @app.get("/live")
    async def live() -> Response:
        return _json(200, {"status": "live"})

    @app.get("/ready")
    async def ready() -> Response:
        why = desk.unready()
        return _json(503, {"status": "not ready", "why": why}) if why else _json(200, {"status": "ready"})

    if desk.gate.store is not None:
        app.include_router(keys_api(desk.gate, desk.gate.store, desk.revised))
    app.add_exception_handler(Refused, _on_refused)
    app.add_exception_handler(HTTPException, _on_no_such_route)
    app.add_exception_handler(Exception, _on_broken)
    return app


def _serve_batches(app: FastAPI, desk: Desk) -> None:
    @app.post(FILES, openapi_extra=send_file_operation())
    async def files(request: Request) -> Response:
        return await send_file(desk, request)

    @app.get(FILES, openapi_extra=list_files_operation())
    async def file_list(request: Request) -> Response:
        return await list_files(desk, request)

    @app.get(FILES + "/{file_id}", openapi_extra=file_operation())
    async def file(request: Request, file_id: str) -> Response:
        return await show_file(desk, request, file_id)

    @app.get(FILES + "/{file_id}/content", openapi_extra=file_content_operation())
    async def file_content(request: Request, file_id: str) -> Response:
        return await read_file(desk, request, file_id)

    @app.delete(FILES + "/{file_id}", openapi_extra=file_deleted_operation())
    async def file_deleted(request: Request, file_id: str) -> Response:
        return await delete_file(desk, request, file_id)

    @app.post(BATCHES, openapi_extra=begin_batch_operation())
    async def batches(request: Request) -> Response:
        return await begin_batch(desk, request)

    @app.get(BATCHES, openapi_extra=list_batches_operation())
    async def batch_list(request: Request) -> Response:
        return await list_batches(desk, request)

    @app.get(BATCHES + "/{batch_id}", openapi_extra=batch_operation())
    async def batch(request: Request, batch_id: str) -> Response:
        return await show_batch(desk, request, batch_id)

    @app.post(BATCHES + "/{batch_id}/cancel", openapi_extra=batch_operation("409"))
    async def batch_cancelled(request: Request, batch_id: str) -> Response:
        return await cancel_batch(desk, request, batch_id)


async def _counted(desk: Desk, request: Request, count: Callable[[bytes], Json]) -> Response:
    config = desk.config
    await desk.visit(request)
    with desk.large.place() as large:
        bounds = Bounds(config.max_body_bytes, config.max_inline_bytes, large.take)
        try:
            body = await read_body(request, bounds, config.body_timeout_s)
        except ClientLeft:
            return Response(status_code=CLIENT_LEFT)
        return _json(200, count(body))


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
    visit = await desk.visit(request)
    body = await read_body(request, Bounds(LARGEST_BYTES, LARGEST_BYTES, lambda: None), config.body_timeout_s)
    event = recorded(feedback_of(body), visit.speaks_for, uuid4(), datetime.now(UTC))
    span.about(str(event.request_id))
    if desk.cache is not None and (bad := bad_of(event)) is not None:
        await desk.cache.drop(bad)
    await desk.submissions.publish(event, span.traceparent, config.publish_timeout_s)
    return event


async def _on_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 it is registered for these
    note_refused(request.scope, error.problem)
    return reply_as(dialect_at(request.url.path, request.headers).refusal(error.problem), {})


async def _on_no_such_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 it is registered for these
    told = no_such_route(error.status_code, request.method, request.url.path)
    note_refused(request.scope, told)
    served = _served(request.app)
    if (meant := nearest(request.url.path, served)) is not None:
        told = replace(told, message=f"{told.message} Did you mean {served[meant]}?")
    return reply_as(dialect_at(request.url.path, request.headers).refusal(told), dict(error.headers or {}))


def _served(app: FastAPI) -> dict[str, str]:
    """The addresses that clients ask, each with its method before it."""
    routes = (route for route in app.routes if isinstance(route, APIRoute) and "{" not in route.path)
    return {route.path: f"{' or '.join(sorted(route.methods or ()))} {route.path}" for route in routes}


async def _on_broken(request: Request, error: Exception) -> Response:
    """Outside of what names answers: the id was left in the state."""
    dialect = dialect_at(request.url.path, request.headers)
    return reply_as(dialect.refusal(broken()), {dialect.request_id: request.state.answer_id})


def _json(status: int, value: Json) -> Response:
    return Response(to_json(value), status, media_type="application/json")
