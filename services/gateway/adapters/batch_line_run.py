"""One line of a batch on its way: asked as its route would ask it, heard of here or found in the log, tried again."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from opentelemetry.trace import Tracer

from schemas.outcome import RequestCancelled, RequestCompleted, RequestFailed
from schemas.request import RequestSubmitted
from schemas.standing import PortfolioRevised
from schemas.vocabulary import Reason
from services.gateway.adapters.aside import Aside
from services.gateway.adapters.batch_places import Seat, Stop, Stopped
from services.gateway.adapters.batch_store import AskedLine, BatchStore, Leased
from services.gateway.adapters.claims import Claims, Search
from services.gateway.adapters.gate import Gate, Visit
from services.gateway.adapters.large_requests import LargeRequests, Place
from services.gateway.adapters.load import Load
from services.gateway.adapters.server_span import ServerSpan
from services.gateway.adapters.submissions import Submissions
from services.gateway.adapters.waiting import End, Heard, Waiting
from services.gateway.config import GatewayConfig
from services.gateway.domain.batch import DIALECTS
from services.gateway.domain.batch_line import (
    NO_REQUEST,
    OK,
    Line,
    Outcome,
    comes_again,
    ids_of,
    is_turned_away,
    pause_s,
    refused,
    replied,
    tally_of,
    unanswered,
)
from services.gateway.domain.chat_request import Asked, Form, fits
from services.gateway.domain.dialect import Dialect
from services.gateway.domain.load import kind_of
from services.gateway.domain.patience import kept_s, patience_s
from services.gateway.domain.problems import Problem, Refused, over_load, problem_of

BY = "batch"
"""By whom a request was cancelled, as `request.cancelled` and the ledger tell it."""
MOST_TRIES = 24
"""How often the pipeline may turn a line away, over an hour and more: then that is what became of it."""
KEPT_BYTES = 65_536
"""A longer body is not held while its line waits for the answer."""
SPARE = 2
"""Places of large requests that lines leave to others."""
LAST_WORD_S = 5.0
"""For a line that may never have been said to tell of its end, once the batch is stopped."""
LookUp = Callable[[RequestSubmitted, Visit, Mapping[str, str], PortfolioRevised], Awaitable[RequestSubmitted]]
Mint = Callable[[Callable[[], UUID]], UUID]


@dataclass(frozen=True, slots=True)
class Asking:
    """What lines are asked with. ``mint``: the first of these ids whose end comes to this replica.

    ``revised``: the portfolio in force; it raises ``Refused`` where there is none. ``load``: of all others';
    ``own_load``: of the lines of batches, which take no place from them.
    """

    config: GatewayConfig
    store: BatchStore
    claims: Claims
    gate: Gate
    waiting: Waiting
    submissions: Submissions
    large: LargeRequests
    load: Load
    looked_up: LookUp
    mint: Mint
    revised: Callable[[], PortfolioRevised]
    tracer: Tracer
    own_load: Load = field(default_factory=Load)
    aside: Aside = field(default_factory=Aside)


class LogEnded(Exception):
    """The log is read no more: the gateway stops, and another goes on."""


class Said(NamedTuple):
    """A line that Kafka has: how many seconds its end may take, and what takes that end."""

    patience_s: float
    note: Callable[[Heard | None], None]


@dataclass(slots=True)
class LineRun:
    """One line under way. ``known``: the request that it has become.

    ``held``: its place in memory, ``bulk``: among the large lines. ``read_again``: the line of a number, where its
    body was not kept.
    """

    asking: Asking
    leased: Leased
    line: Line
    stop: Stop
    held: Seat
    seat: Seat
    bulk: Seat
    read_again: Callable[[int], Awaitable[Line]]
    known: AskedLine | None = None
    request_id: UUID = NO_REQUEST
    again: int = 0
    _form: Form | None = None
    _visit: Visit | None = None
    _is_cancelled: bool = False

    async def outcome(self) -> Outcome:
        """What becomes of it, however often it is tried. Raises :class:`Stopped`, or ``LeaseLost``."""
        tries = self.known.tries if self.known else 0
        while True:
            problem: Problem
            try:
                end = await self._ended(tries)
            except Refused as away:
                problem = away.problem
                if not comes_again(problem):
                    return refused(self.line, self.request_id, self._dialect.refusal(problem))
            else:
                if not is_turned_away(end) or tries + 1 >= MOST_TRIES:
                    return await self._told(end)
                assert isinstance(end, RequestFailed)  # noqa: S101 an answer is not turned away
                problem, tries, self.known = problem_of(end), tries + 1, None
            await self._again(problem)

    async def cancel(self) -> None:
        """Its request, where it has become one, need not be answered any more."""
        if self.known is None or self._is_cancelled:
            return
        self._is_cancelled = True
        tenant, config = self.leased.batch.tenant, self.asking.config
        event = RequestCancelled(request_id=self.known.request_id, tenant=tenant, by=BY, cancelled_at=datetime.now(UTC))
        with suppress(Refused):  # Kafka is away: the request goes on to its deadline
            await self._publish(event, config.publish_timeout_s)

    def leave(self) -> None:
        """It needs no place any more."""
        for place in (self.held, self.seat, self.bulk):
            place.leave()

    @property
    def _dialect(self) -> Dialect:
        return DIALECTS[self.leased.batch.endpoint]

    async def _again(self, problem: Problem) -> None:
        """Wait, and let others go on meanwhile: of small lines alone, as the others are held in memory."""
        self.again += 1
        if len(self.line.body) <= KEPT_BYTES:
            self.seat.leave()
        await self.stop.pause(pause_s(problem, self.again))
        await self.seat.take()
        if self.stop.code:
            raise Stopped

    async def _told(self, end: End) -> Outcome:
        if self.stop.code and isinstance(end, RequestFailed) and end.reason == Reason.CANCELLED:
            return unanswered(self.line, self.request_id, self.stop.code, was_asked=True)
        form = self._form or self._dialect.asked_of(self.line.body, self.request_id).form
        reply = self._dialect.reply_of(end, form)
        told = self.line, self.request_id, reply, tally_of(end, reply)
        return await self.asking.aside.of(lambda _: replied(*told), reply.body)

    async def _ended(self, tries: int) -> End:
        """The end of the request of this try. Raises ``Refused``."""
        asking, known = self.asking, self.known
        drawn = ids_of(self.leased.batch.id, self.line.number, tries)
        self.request_id = known.request_id if known else asking.mint(lambda: next(drawn))
        self._visit = None
        span = ServerSpan(asking.tracer, "POST", self._dialect.path, None)
        span.about(str(self.request_id))
        status = 500
        try:
            end = await asking.large.whole(await (self._found(known, span) if known else self._new(tries, span)))
            await self._reckon(end)
            status = OK
            return end
        except Refused as away:
            status = away.problem.status
            raise
        finally:
            span.end(status)

    async def _reckon(self, end: End) -> None:
        if self._visit is not None and self._visit.tokens:  # what another reckoned before is corrected by nobody
            await self._visit.used(end)

    async def _new(self, tries: int, span: ServerSpan) -> End:
        """Ask, and hear of the end as any client would; where that does not come, look for it."""
        with ExitStack() as held:
            mine = held.enter_context(self.asking.waiting.place(self.request_id))
            if (said := await self._first(tries, span, held)) is not None:
                heard = await _within(mine, said.patience_s)
                said.note(heard)
                if isinstance(heard, RequestCompleted | RequestFailed):
                    return heard
        assert self.known is not None  # noqa: S101 it was asked, here or elsewhere
        return await self._found(self.known, span)

    async def _first(self, tries: int, span: ServerSpan, held: ExitStack) -> Said | None:
        """Ask it for the first time; ``None`` where another has. Nothing of its body is held after that."""
        asking, revised = self.asking, self.asking.revised()
        with asking.large.place(SPARE) as large:
            asked = await self._asked(large)
            note = held.enter_context(self._load(asked.submitted, revised))
            submitted = await self._let_in(asked, large, revised)
            self.known = await asking.store.ask(self.leased, self.line.number, tries, self.request_id)
            if self.known.request_id != self.request_id:
                return None
            await self._say(asked.form, submitted, span, revised)
        self._drop_body()
        return Said(patience_s(submitted, revised.portfolio, asking.config.longest_wait_s), note)

    async def _asked(self, large: Place) -> Asked:
        """What the line asks for. A large one has its place before it is taken apart."""
        if not self.line.body:
            self.line = await self.read_again(self.line.number)
        if len(self.line.body) > self.asking.config.max_inline_bytes:
            large.take()
        asked = await self.asking.aside.of(self._dialect.asked_of, self.line.body, self.request_id)
        self._form = asked.form
        return asked

    def _drop_body(self) -> None:
        if len(self.line.body) > KEPT_BYTES and self._form is not None:
            self.line = self.line._replace(body=b"")
            self.bulk.leave()

    async def _found(self, known: AskedLine, span: ServerSpan) -> End:
        """The end in the log. Where none stands there yet it is said once more: it is admitted once."""
        self.request_id = known.request_id
        with self.asking.claims.past(known.request_id, known.asked_at) as search:
            await asyncio.wait({search.found, search.caught_up}, return_when=asyncio.FIRST_COMPLETED)
            if not search.found.done() and self.stop.code:
                await self._last_word(search)
            elif not search.found.done() and search.passed is None:
                await self._say_again(span)
                await asyncio.wait({search.news})
            if not search.found.done():
                self.seat.leave()  # a person may take long
            end = await search.found
        if end is None:
            raise LogEnded
        return end

    async def _last_word(self, search: Search) -> None:
        """Nothing is said any more once the batch is stopped: what was never said does not end."""
        await self.cancel()
        await asyncio.wait({search.found}, timeout=LAST_WORD_S)
        if not search.found.done():
            raise Stopped

    async def _say_again(self, span: ServerSpan) -> None:
        revised = self.asking.revised()
        with self.asking.large.place(SPARE) as large:
            asked = await self._asked(large)
            submitted = await self._let_in(asked, large, revised)
            await self._say(asked.form, submitted, span, revised)
        self._drop_body()

    async def _let_in(self, asked: Asked, large: Place, revised: PortfolioRevised) -> RequestSubmitted:
        """The request as it goes on, in the name of the batch's key, while that is good."""
        visit = self._visit = await self.asking.gate.visit_of(self.leased.batch.key_id)
        submitted = await visit.let_in(asked.submitted.model_copy(update={"request_id": self.request_id}))
        if not fits(submitted, len(self.line.body), self.asking.config.max_inline_bytes):
            large.take()
        else:
            submitted = await self.asking.looked_up(submitted, visit, {}, revised)
        return await large.referred(submitted, revised.portfolio)

    def _load(
        self, submitted: RequestSubmitted, revised: PortfolioRevised
    ) -> AbstractContextManager[Callable[[Heard | None], None]]:
        """Its place among the lines of batches. While too much of it ends late, a batch lets all others go first."""
        kind = kind_of(submitted, revised.portfolio)
        if kind in self.asking.load.most:
            raise over_load(kind)
        return self.asking.own_load.place(kind)

    async def _say(self, form: Form, submitted: RequestSubmitted, span: ServerSpan, revised: PortfolioRevised) -> None:
        config, tenant = self.asking.config, self.leased.batch.tenant
        await self.asking.submissions.publish(submitted, span.traceparent, config.publish_timeout_s)
        if form.is_kept:
            await self.asking.claims.remember(tenant, self.request_id, 0, kept_s(submitted, revised.portfolio))

    async def _publish(self, event: RequestCancelled, within_s: float) -> None:
        span = ServerSpan(self.asking.tracer, "POST", self.leased.batch.endpoint, None)
        try:
            await self.asking.submissions.publish(event, span.traceparent, within_s)
        finally:
            span.end(OK)


async def _within(end: "asyncio.Future[Heard | None]", seconds: float) -> Heard | None:
    """What is heard in that time. ``None``: nothing, or the gateway stops."""
    await asyncio.wait({end}, timeout=seconds)
    return end.result() if end.done() else None
