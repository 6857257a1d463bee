"""A chat, or texts to embed, from body to answer: taken in, said, waited for; under a key, looked for in the log."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from time import time
from typing import Any
from uuid import UUID

from fastapi import Request, Response

from schemas.outcome import RequestCancelled, RequestDeferred, RequestFailed
from schemas.portfolio import Portfolio
from schemas.recall import Recall
from schemas.request import RequestSubmitted
from services.gateway.adapters.answer_tally import note_refused
from services.gateway.adapters.claims import Keyed
from services.gateway.adapters.client import Bounds, ClientLeft, UntilClientLeaves, read_body
from services.gateway.adapters.event_stream import EventStream
from services.gateway.adapters.gate import Visit
from services.gateway.adapters.large_requests import Place
from services.gateway.adapters.live_streams import Feed
from services.gateway.adapters.server_span import ServerSpan
from services.gateway.adapters.waiting import End, Heard
from services.gateway.domain.cache import is_answered
from services.gateway.domain.chat_completion import Reply
from services.gateway.domain.chat_request import Asked, Content, Form, fits
from services.gateway.domain.deferred import deferral_told, deferred_headers, remembered_s
from services.gateway.domain.dialect import Dialect
from services.gateway.domain.hang_up import BY as HANG_UP
from services.gateway.domain.hang_up import is_cancelled
from services.gateway.domain.live import place_told
from services.gateway.domain.load import kind_of
from services.gateway.domain.patience import KEPT_S, kept_s, most_waited_s, patience_s
from services.gateway.domain.problems import Refused, not_heard, problem_of, stopping
from services.gateway.domain.repeats import REPEATED, key_in, no_memory, same_again, under_a_key
from services.gateway.routes.desk import Desk
from services.gateway.routes.following import Following

BROKEN = 500
CLIENT_LEFT = 499
"""What is noted of a client that hung up; nobody is there to read it."""
Note = Callable[[Heard | None], None]


async def chat(desk: Desk, dialect: Dialect, request: Request, stream: EventStream) -> Response | None:
    """The answer to one chat; ``None`` once it has streamed."""
    span = ServerSpan(desk.tracer, request.method, dialect.path, request.headers.get("traceparent"))
    told = {"x-portfolio-trace-id": span.trace_id}
    status = BROKEN
    try:
        reply = await _Chat(desk, dialect, request, stream, span, told).answered()
        status = reply.status
    except Refused as refused:
        note_refused(request.scope, refused.problem)
        reply = dialect.refusal(refused.problem)
        reply = replace(reply, late=refused.late or reply.late)
        status = reply.status
    except ClientLeft:
        reply = None
        status = CLIENT_LEFT
    finally:
        span.end(status)
    if stream.begun:
        return await (stream.end(reply.late) if reply else stream.leave())
    return reply_as(reply, told) if reply else Response(status_code=CLIENT_LEFT)


def reply_as(reply: Reply, told: dict[str, str]) -> Response:
    """A reply, with the headers of its request."""
    return Response(reply.body, reply.status, {**told, **reply.headers}, media_type=reply.media_type)


async def asked_in(desk: Desk, dialect: Dialect, request: Request, request_id: UUID, large: Place) -> Asked:
    """What the body asks for; its place among the large ones is taken when Kafka could not carry it."""
    config = desk.config
    bounds = Bounds(config.max_body_bytes, config.max_inline_bytes, large.take)
    body = await read_body(request, bounds, config.body_timeout_s)
    if large.is_taken:
        asked = await desk.large_bodies.asked(dialect, body, request_id)
        large.content = asked.content
        return asked
    asked = dialect.asked_of(body, request_id)
    if not fits(asked.submitted, len(body), config.max_inline_bytes):
        large.take()
    return asked


@dataclass(slots=True)
class _Chat:
    """One chat under way. ``told`` takes the request's id as soon as there is a request."""

    desk: Desk
    dialect: Dialect
    request: Request
    stream: EventStream
    span: ServerSpan
    told: dict[str, str]
    keyed: Keyed | None = None
    asked_at: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    said: UUID | None = None
    is_cancelled: bool = False

    async def answered(self) -> Reply:
        """Submit and wait. Under a key that was used before, only what is missing of that."""
        visit = await self.desk.visit(self.request)
        key = key_in(self.request.headers)
        if key is None:
            return await self._answered_once(visit)
        try:
            return same_again(await self._answered(visit, key))
        except Refused as refused:
            raise Refused(under_a_key(refused.problem), refused.late) from None

    async def _answered_once(self, visit: Visit) -> Reply:
        """Nobody can ask for its answer again: it ends with its client, where its lane wishes that."""
        try:
            return await self._answered(visit)
        except ClientLeft:
            if self.said is not None and self.is_cancelled:
                await self._cancel(visit, self.said)
            raise

    async def _cancel(self, visit: Visit, request_id: UUID) -> None:
        tenant, within_s = visit.key.tenant, self.desk.config.publish_timeout_s
        event = RequestCancelled(request_id=request_id, tenant=tenant, by=HANG_UP, cancelled_at=datetime.now(UTC))
        with suppress(Refused):  # Kafka is away: the request goes on
            await self.desk.submissions.publish(event, self.span.traceparent, within_s)

    async def _answered(self, visit: Visit, key: str | None = None) -> Reply:
        desk, dialect = self.desk, self.dialect
        revised = desk.portfolio()
        request_id = desk.mint()
        with desk.waiting.place(request_id) as mine, desk.large.place() as large:
            asked = await asked_in(desk, dialect, self.request, request_id, large)
            submitted, form = asked.submitted, asked.form
            del asked
            if key is not None:
                known_s = kept_s(submitted, revised.portfolio)
                submitted = await self._claimed(key, visit, submitted, known_s, large.content)
            self._is_about(str(submitted.request_id))
            if self._is_to_be_said:
                submitted = await visit.let_in(submitted, large.content)
            if self._is_to_be_said and not large.is_taken:
                submitted = await desk.looked_up(submitted, visit, self.request.headers, revised)
                if waited_s := await self._waited(submitted, visit, form, revised.portfolio, mine):
                    submitted = submitted.model_copy(update={"waited_s": waited_s})
                    submitted = await desk.looked_up(submitted, visit, self.request.headers, revised)
            patience = patience_s(submitted, revised.portfolio, desk.config.longest_wait_s)
            self.is_cancelled = is_cancelled(submitted, revised.portfolio) and not form.is_kept
            kept = kept_s(submitted, revised.portfolio) if form.is_kept else None
            kind = None if is_answered(submitted) else kind_of(submitted, revised.portfolio)
            stream = self._stream(visit, submitted, form) if form.stream else nullcontext()
            async with self._first(submitted.recall):
                with self._end(mine) as end, self._load(kind) as note, stream as following:
                    async with UntilClientLeaves(self.request.receive):
                        if self._is_to_be_said:
                            submitted = await large.referred(submitted, revised.portfolio)
                            await self._say(following.wanted(submitted) if following else submitted, visit)
                            if kept is not None:
                                await self._remembered(visit, request_id, kept)
                        # What was sent is not held while its answer is waited for.
                        del submitted
                        large.leave()
                        ended = _ended(end, patience, note)
                        return await self._told(following.heard(ended) if following else ended, form, visit, following)

    def _is_about(self, request_id: str) -> None:
        """Name the request, to its client and in its trace."""
        self.span.about(request_id)
        self.told |= {"x-portfolio-request-id": request_id, self.dialect.request_id: request_id}

    async def _waited(
        self,
        asked: RequestSubmitted,
        visit: Visit,
        form: Form,
        portfolio: Portfolio,
        mine: "asyncio.Future[Heard | None]",
    ) -> float:
        """Seconds for which another that asks the same was waited for; 0 when there is none."""
        longest_s, clock = self.desk.config.longest_wait_s, asyncio.get_running_loop().time
        most_s, began = most_waited_s(asked, portfolio, longest_s), clock()
        flight = await self.desk.joined(asked, visit, self.request.headers, patience_s(asked, portfolio, longest_s))
        if flight is None:
            return 0.0
        with suppress(TimeoutError):
            async with UntilClientLeaves(self.request.receive), asyncio.timeout(most_s):
                while not await _one_of(flight, mine, within_s=self.desk.config.progress_s):
                    if form.stream:
                        await self.stream.tell(self.dialect.waiting, headers=self.told)
        if mine.done() and mine.result() is None:
            raise stopping()
        return min(clock() - began, most_s)

    @asynccontextmanager
    async def _first(self, recall: Recall | None) -> AsyncIterator[None]:
        """Nobody waits for a request that was never said."""
        try:
            yield
        except (Refused, ClientLeft):
            if self.said is None and self.desk.cache is not None:
                await self.desk.cache.not_said(recall, UUID(self.told["x-portfolio-request-id"]))
            raise

    async def _told(self, ended: Awaitable[Heard], form: Form, visit: Visit, following: Following | None) -> Reply:
        try:
            end = await ended
            if isinstance(end, RequestDeferred):
                raise await self._deferred(visit, end)
            if isinstance(end, RequestFailed):
                note_refused(self.request.scope, problem_of(end))
            await self._reckon(end)
            whole = await self.desk.large.whole(end)
            return await following.told(whole) if following else self.dialect.reply_of(whole, form)
        except Refused as refused:
            raise (await following.broken(refused) if following else refused) from None

    async def _deferred(self, visit: Visit, end: RequestDeferred) -> Refused:
        """A person may answer later: where that is found, also without a key of the client's."""
        request_id = end.request_id
        is_remembered = await self._remembered(visit, request_id, remembered_s(end, datetime.now(UTC)))
        self.told |= deferred_headers()
        return deferral_told(end, place_told(request_id, is_remembered=is_remembered))

    @contextmanager
    def _stream(self, visit: Visit, submitted: RequestSubmitted, form: Form) -> Iterator[Following]:
        """What the client reads until the answer is known. Of a repeat, another replica may hear what is written."""
        desk, dialect = self.desk, self.dialect
        request_id = submitted.request_id
        assert request_id is not None  # noqa: S101 the gateway mints one for each
        is_own = self.keyed is None or self.keyed.claim.is_new
        with desk.live.feed(request_id) if is_own else nullcontext(Feed()) as feed:
            following = Following(
                request_id=request_id,
                feed=feed,
                streams=desk.live,
                live=dialect.live(str(request_id), int(time()), form),
                reply=lambda end: dialect.reply_of(end, form),
                tell=partial(self.stream.tell, headers=self.told),
                remember=partial(self._remembered, visit, request_id),
                waiting=dialect.waiting,
                progress_s=desk.config.progress_s,
                asked_at=self.asked_at,
                is_own=is_own,
            )
            try:
                yield following
            finally:
                following.leave()

    async def _remembered(self, visit: Visit, request_id: UUID, kept_s: float = KEPT_S) -> bool:
        """Whether the request is found by its id: under a key it is."""
        if self.desk.claims is None or self.keyed is not None:
            return self.keyed is not None
        asked_s_ago = asyncio.get_running_loop().time() - self.asked_at
        return await self.desk.claims.remember(visit.key.tenant, request_id, asked_s_ago, kept_s)

    @property
    def _is_to_be_said(self) -> bool:
        return self.keyed is None or not self.keyed.claim.is_said

    async def _claimed(
        self, key: str, visit: Visit, asked: RequestSubmitted, kept_s: float, content: Content | None
    ) -> RequestSubmitted:
        """The request with the id that its key stands for."""
        if self.desk.claims is None:
            raise no_memory()
        self.keyed = await self.desk.claims.of(key, visit.key.tenant, asked, kept_s, content)
        if not self.keyed.claim.is_new:
            self.told[REPEATED] = "true"
        return asked.model_copy(update={"request_id": self.keyed.claim.request_id})

    @contextmanager
    def _end(self, mine: "asyncio.Future[Heard | None]") -> "Iterator[asyncio.Future[Heard | None]]":
        """Where the end comes to: here, for a request that is new; else it is looked for in the log."""
        if self.keyed is None or self.keyed.claim.is_new:
            yield mine
        else:
            with self.keyed.search() as search:
                yield search.news

    @contextmanager
    def _load(self, kind: str | None) -> Iterator[Note]:
        """A repeat of what was said before is no load; nor is what the cache answers, which has no kind."""
        if kind is not None and self._is_to_be_said:
            with self.desk.load.place(kind) as note:
                yield note
        else:
            yield lambda end: None

    async def _say(self, submitted: RequestSubmitted, visit: Visit) -> None:
        config = self.desk.config
        self.desk.gate.tabs.open(submitted.subject, visit)
        await self.desk.submissions.publish(submitted, self.span.traceparent, config.publish_timeout_s)
        self.said = submitted.request_id
        if self.keyed is not None:
            await self.keyed.said()
        if self.desk.cache is not None:
            await self.desk.cache.said(submitted.recall, submitted.subject)

    async def _reckon(self, ended: End) -> None:
        if self._is_to_be_said:
            await self.desk.gate.tabs.settle(ended)
        elif ended.trace_id is not None:
            self.told["x-portfolio-trace-id"] = ended.trace_id


async def _one_of(*awaited: "asyncio.Future[Any]", within_s: float) -> bool:
    """Whether one of these is done in time. None of them is cancelled."""
    return bool((await asyncio.wait(awaited, timeout=within_s, return_when=asyncio.FIRST_COMPLETED))[0])


async def _ended(end: Awaitable[Heard | None], patience_s: float, note: Note) -> Heard:
    """The end, or that it comes later, noted when it comes, however slowly its client reads."""
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
