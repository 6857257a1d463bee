"""Requests that are asked for now and looked at later: taken with 202, and told how they stand."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from datetime import datetime
from functools import partial
from uuid import UUID, uuid4

from fastapi import Request, Response

from schemas.outcome import RequestCompleted, RequestDeferred, RequestFailed
from schemas.topics import BY_EVENT
from services.gateway.adapters.answer_tally import note_refused
from services.gateway.adapters.claims import Claims, Follow, Keyed, Road, Search
from services.gateway.adapters.client import ClientLeft, UntilClientLeaves
from services.gateway.adapters.event_stream import EVENT_STREAM, EventStream, LateResponse
from services.gateway.adapters.gate import Visit
from services.gateway.adapters.server_span import ServerSpan
from services.gateway.adapters.waiting import End
from services.gateway.domain.cache import is_answered
from services.gateway.domain.chat_stream import comment
from services.gateway.domain.dialect import OPENAI
from services.gateway.domain.followed import (
    REQUESTS,
    event_of,
    events_unavailable,
    headers_of,
    id_in,
    log_away,
    no_such_request,
    nothing_remembered,
    place_of,
    told_of,
    wait_in,
)
from services.gateway.domain.load import kind_of
from services.gateway.domain.patience import kept_s
from services.gateway.domain.problems import Refused, wrong
from services.gateway.domain.progress import step_of
from services.gateway.domain.repeats import REPEATED, Claim, key_in, own_key
from services.gateway.domain.responses_reply import response_id_in, response_told
from services.gateway.routes.chat import BROKEN, CLIENT_LEFT, asked_in, reply_as
from services.gateway.routes.desk import Desk

Telling = Callable[[UUID, datetime, End | RequestDeferred | None], bytes]
"""How a request stands, in an API's words."""
WAITING = comment("waiting for its end")
READ_WITHIN_S = 20.0
"""For the log to be read from the request's beginning to its end."""


async def submit(desk: Desk, request: Request) -> Response:
    """Taken once Kafka has it: 202, and where it is looked at."""
    span = ServerSpan(desk.tracer, request.method, REQUESTS, request.headers.get("traceparent"))
    status = BROKEN
    try:
        claim = (await _taken(desk, request, span)).claim
        status = 202
    except Refused as refused:
        status = refused.problem.status
        raise
    except ClientLeft:
        return Response(status_code=(status := CLIENT_LEFT))
    finally:
        span.end(status)
    headers = {
        "location": place_of(claim.request_id),
        "x-portfolio-request-id": str(claim.request_id),
        "x-portfolio-trace-id": span.trace_id,
    }
    repeated = {} if claim.is_new else {REPEATED: "true"}
    told = told_of(claim.request_id, claim.asked_at, None)
    return Response(told, 202, {**headers, **repeated}, media_type="application/json")


async def look(desk: Desk, request: Request, path: str) -> Response:
    """How a request of this tenant's stands; with ``wait`` once it has ended, or then."""
    visit = await desk.visit(request)
    claims = _remembered(desk)
    request_id, wait_s = id_in(path), wait_in(request.query_params)
    claim = await _claim_of(claims, visit, request_id)
    if EVENT_STREAM in request.headers.get("accept", ""):
        if claims.road is None:
            raise events_unavailable()
        return LateResponse(partial(_followed, desk, claims.road, request, claim))
    return await _told_now(desk, request, claims, claim, told_of, wait_s)


async def retrieve(desk: Desk, request: Request, path: str) -> Response:
    """How a request of this tenant's stands, as a model response."""
    visit = await desk.visit(request)
    claims = _remembered(desk)
    request_id = response_id_in(path, request.query_params)
    claim = await _claim_of(claims, visit, request_id)
    return await _told_now(desk, request, claims, claim, response_told)


async def _claim_of(claims: Claims, visit: Visit, request_id: UUID) -> Claim:
    """What is remembered of a request, for its own tenant alone."""
    claim = await claims.store.find(visit.key.tenant, request_id)
    if claim is None:
        raise no_such_request()
    return claim


async def _told_now(
    desk: Desk, request: Request, claims: Claims, claim: Claim, told: Telling, wait_s: float = 0
) -> Response:
    """How it stands, once it has ended or that time is over."""
    try:
        async with UntilClientLeaves(request.receive):
            with desk.waiting.place(uuid4()), claims.past(claim.request_id, claim.asked_at) as search:
                if (end := await _as_it_stands(search)) is None and wait_s:
                    await asyncio.wait({search.found}, timeout=wait_s)
                    end = search.found.result() if search.found.done() else None
    except ClientLeft:
        return Response(status_code=CLIENT_LEFT)
    stands = await desk.large.whole(end) if end else search.passed
    headers = {"x-portfolio-request-id": str(claim.request_id), **headers_of(stands)}
    return Response(told(claim.request_id, claim.asked_at, stands), 200, headers, media_type="application/json")


async def _taken(desk: Desk, request: Request, span: ServerSpan) -> Keyed:
    """Kafka has it. Under a key that was used before, it has it already."""
    visit = await desk.visit(request)
    claims, key = _remembered(desk), key_in(request.headers)
    revised = desk.portfolio()
    request_id = desk.mint()
    with desk.waiting.place(request_id), desk.large.place() as large:
        asked = await asked_in(desk, OPENAI, request, request_id, large)
        if asked.form.stream:
            raise wrong("stream", f"stream: leave it out, and ask GET {REQUESTS}/<id> for events", "invalid_value")
        kept = kept_s(asked.submitted, revised.portfolio)
        keyed = await claims.of(key or own_key(request_id), visit.key.tenant, asked.submitted, kept, large.content)
        span.about(str(keyed.claim.request_id))
        if not keyed.claim.is_said:
            submitted = asked.submitted.model_copy(update={"request_id": keyed.claim.request_id})
            if not large.is_taken:
                submitted = await desk.looked_up(submitted, visit, request.headers, revised)
            taken = nullcontext() if is_answered(submitted) else desk.load.place(kind_of(submitted, revised.portfolio))
            with taken:
                submitted = await large.referred(await visit.let_in(submitted, large.content), revised.portfolio)
                desk.gate.tabs.open(keyed.claim.request_id, visit)
                await desk.submissions.publish(submitted, span.traceparent, desk.config.publish_timeout_s)
                await keyed.said()
        return keyed


def _remembered(desk: Desk) -> Claims:
    if desk.claims is None:
        raise nothing_remembered()
    return desk.claims


async def _as_it_stands(search: Search) -> End | None:
    """The end, if there is one in the log by now."""
    done, _ = await asyncio.wait(
        {search.found, search.caught_up}, timeout=READ_WITHIN_S, return_when=asyncio.FIRST_COMPLETED
    )
    if not done:
        raise log_away()
    return search.found.result() if search.found.done() else None


async def _followed(desk: Desk, follow: Follow, request: Request, claim: Claim, stream: EventStream) -> Response | None:
    """What has happened to it and what happens, until it has ended; comments between, so that nothing times out."""
    tell = partial(stream.tell, headers={"x-portfolio-request-id": str(claim.request_id)})
    try:
        async with UntilClientLeaves(request.receive):
            with desk.waiting.place(uuid4()), follow(claim.request_id, claim.asked_at) as road:
                await tell(_event(claim, None))
                async with asyncio.timeout(desk.config.longest_wait_s):
                    await _told(desk, claim, road, tell)
    except Refused as refused:
        note_refused(request.scope, refused.problem)
        return reply_as(OPENAI.refusal(refused.problem), {})
    except (ClientLeft, TimeoutError):
        pass
    return await stream.end(b"") if stream.begun else Response(status_code=CLIENT_LEFT)


async def _told(desk: Desk, claim: Claim, road: Road, tell: Callable[[bytes], Awaitable[None]]) -> None:
    """Each event as it comes, to the last, or until the gateway stops."""
    coming = asyncio.ensure_future(road.get())
    try:
        while True:
            if not (await asyncio.wait({coming}, timeout=desk.config.progress_s))[0]:
                await tell(WAITING)
                continue
            if (event := coming.result()) is None:
                return None
            if isinstance(event, RequestCompleted | RequestFailed):
                return await tell(_event(claim, await desk.large.whole(event)))
            await tell(step_of(event, BY_EVENT[type(event)].name))
            coming = asyncio.ensure_future(road.get())
    finally:
        coming.cancel()


def _event(claim: Claim, end: End | None) -> bytes:
    return event_of(told_of(claim.request_id, claim.asked_at, end), end)
