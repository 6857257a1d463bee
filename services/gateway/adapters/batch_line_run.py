"""One line of a batch on its way: asked as its route would ask it, heard of here or found in the log, tried again."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from opentelemetry.trace import Tracer

from schemas.outcome import RequestCancelled, RequestCompleted, RequestFailed
from schemas.request import RequestSubmitted
from schemas.standing import PortfolioRevised
from schemas.vocabulary import Reason
from services.gateway.adapters.batch_store import AskedLine, BatchStore, Leased
from services.gateway.adapters.claims import Claims
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
from services.gateway.domain.cache import is_answered
from services.gateway.domain.chat_request import Asked, fits
from services.gateway.domain.load import kind_of
from services.gateway.domain.patience import kept_s, patience_s
from services.gateway.domain.problems import Problem, Refused, no_portfolio, over_load, problem_of

BY = "batch"
"""By whom a request was cancelled, as `request.cancelled` and the ledger tell it."""
LookUp = Callable[[RequestSubmitted, Visit, Mapping[str, str], PortfolioRevised], Awaitable[RequestSubmitted]]
Mint = Callable[[Callable[[], UUID]], UUID]


@dataclass(frozen=True, slots=True)
class Asking:
    """What lines are asked with. ``mint``: the first of these ids whose end comes to this replica."""

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
    revised: Callable[[], PortfolioRevised | None]
    tracer: Tracer


class Stopped(Exception):
    """The batch asks nothing more, and this line has no answer."""


class LogEnded(Exception):
    """The log is read no more: the gateway stops, and another goes on."""


@dataclass(slots=True)
class Stop:
    """Set, with the code that lines are told then, when a batch is cancelled or its time is over."""

    event: asyncio.Event = field(default_factory=asyncio.Event)
    code: str = ""

    def set(self, code: str) -> None:
        """Nothing more is asked."""
        if not self.code:
            self.code = code
            self.event.set()

    async def pause(self, seconds: float) -> None:
        """Wait so long. Raises :class:`Stopped` as soon as nothing more is asked."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.event.wait(), seconds)
        if self.code:
            raise Stopped


@dataclass(slots=True)
class LineRun:
    """One line under way. ``known``: the request that it has become before; ``leave`` is called once, when it needs
    no place among those under way any more.
    """

    asking: Asking
    leased: Leased
    line: Line
    stop: Stop
    leave: Callable[[], None]
    known: AskedLine | None = None
    request_id: UUID = NO_REQUEST
    again: int = 0

    async def outcome(self) -> Outcome:
        """What becomes of it, however often it is tried. Raises :class:`Stopped`, or ``LeaseLost``."""
        dialect = DIALECTS[self.leased.batch.endpoint]
        tries = self.known.tries if self.known else 0
        while True:
            problem: Problem
            try:
                end, asked = await self._ended(tries)
            except Refused as away:
                problem = away.problem
                if not comes_again(problem):
                    return refused(self.line, self.request_id, dialect.refusal(problem))
            else:
                if not is_turned_away(end):
                    return self._told(end, asked)
                assert isinstance(end, RequestFailed)  # noqa: S101 an answer is not turned away
                problem, tries, self.known = problem_of(end), tries + 1, None
            await self._again(problem)

    async def cancel(self) -> None:
        """Its request need not be answered any more."""
        if self.request_id == NO_REQUEST:
            return
        tenant, config = self.leased.batch.tenant, self.asking.config
        event = RequestCancelled(request_id=self.request_id, tenant=tenant, by=BY, cancelled_at=datetime.now(UTC))
        with suppress(Refused):  # Kafka is away: the request goes on to its deadline
            await self._publish(event, config.publish_timeout_s)

    async def _again(self, problem: Problem) -> None:
        self.again += 1
        await self.stop.pause(pause_s(problem, self.again))

    def _told(self, end: End, asked: Asked) -> Outcome:
        if self.stop.code and isinstance(end, RequestFailed) and end.reason == Reason.CANCELLED:
            return unanswered(self.line, self.request_id, self.stop.code)
        reply = DIALECTS[self.leased.batch.endpoint].reply_of(end, asked.form)
        return replied(self.line, self.request_id, reply, tally_of(end, reply))

    async def _ended(self, tries: int) -> tuple[End, Asked]:
        """The end of the request of this try. Raises ``Refused``."""
        batch, dialect = self.leased.batch, DIALECTS[self.leased.batch.endpoint]
        asking, known = self.asking, self.known
        drawn = ids_of(batch.id, self.line.number, tries)
        self.request_id = known.request_id if known else asking.mint(lambda: next(drawn))
        span = ServerSpan(asking.tracer, "POST", dialect.path, None)
        span.about(str(self.request_id))
        status = 500
        try:
            asked = dialect.asked_of(self.line.body, self.request_id)
            visit = await asking.gate.visit_of(batch.key_id)
            end = await (self._found(asked, visit, known, span) if known else self._new(asked, visit, tries, span))
            whole = await asking.large.whole(end)
            if visit.tokens:  # what another reckoned before is corrected by nobody
                await visit.used(end)
            status = OK
            return whole, asked
        except Refused as away:
            status = away.problem.status
            raise
        finally:
            span.end(status)

    async def _new(self, asked: Asked, visit: Visit, tries: int, span: ServerSpan) -> End:
        """Ask, and hear of the end as any client would; where that does not come, look for it."""
        asking, revised = self.asking, self._revised()
        with asking.waiting.place(self.request_id) as mine, asking.large.place() as large:
            submitted = await self._let_in(asked, visit, large, revised)
            with self._load(submitted, revised) as note:
                stands = await asking.store.ask(self.leased, self.line.number, tries, self.request_id)
                self.known = stands
                if stands.request_id == self.request_id:
                    await self._say(asked, submitted, span, revised)
                    large.leave()
                    patience = patience_s(submitted, revised.portfolio, asking.config.longest_wait_s)
                    heard = await _within(mine, patience)
                    note(heard)
                    if isinstance(heard, RequestCompleted | RequestFailed):
                        return heard
        return await self._found(asked, visit, stands, span)

    async def _found(self, asked: Asked, visit: Visit, known: AskedLine, span: ServerSpan) -> End:
        """The end in the log. Where none stands there yet it is said once more: it is admitted once."""
        self.request_id = known.request_id
        with self.asking.claims.past(known.request_id, known.asked_at) as search:
            await asyncio.wait({search.found, search.caught_up}, return_when=asyncio.FIRST_COMPLETED)
            if not search.found.done() and search.passed is None:
                if not self.stop.code:
                    await self._say_again(asked, visit, span)
                await asyncio.wait({search.news})
            if not search.found.done():
                self.leave()  # a person may take long
            end = await search.found
        if end is None:
            raise LogEnded
        return end

    async def _say_again(self, asked: Asked, visit: Visit, span: ServerSpan) -> None:
        revised = self._revised()
        with self.asking.large.place() as large:
            submitted = await self._let_in(asked, visit, large, revised)
            await self._say(asked, submitted, span, revised)

    async def _let_in(self, asked: Asked, visit: Visit, large: Place, revised: PortfolioRevised) -> RequestSubmitted:
        """The request as it goes on, in the name of the batch's key."""
        submitted = await visit.let_in(asked.submitted.model_copy(update={"request_id": self.request_id}))
        if not fits(submitted, len(self.line.body), self.asking.config.max_inline_bytes):
            large.take()
        else:
            submitted = await self.asking.looked_up(submitted, visit, {}, revised)
        return await large.referred(submitted, revised.portfolio)

    def _load(
        self, submitted: RequestSubmitted, revised: PortfolioRevised
    ) -> AbstractContextManager[Callable[[Heard | None], None]]:
        """Its place in the load. While too much of it ends late, a batch lets all others go first."""
        if is_answered(submitted):
            return nullcontext(lambda end: None)
        kind = kind_of(submitted, revised.portfolio)
        if kind in self.asking.load.most:
            raise over_load(kind)
        return self.asking.load.place(kind)

    async def _say(
        self, asked: Asked, submitted: RequestSubmitted, span: ServerSpan, revised: PortfolioRevised
    ) -> None:
        config, tenant = self.asking.config, self.leased.batch.tenant
        await self.asking.submissions.publish(submitted, span.traceparent, config.publish_timeout_s)
        if asked.form.is_kept:
            await self.asking.claims.remember(tenant, self.request_id, 0, kept_s(submitted, revised.portfolio))

    async def _publish(self, event: RequestCancelled, within_s: float) -> None:
        span = ServerSpan(self.asking.tracer, "POST", self.leased.batch.endpoint, None)
        try:
            await self.asking.submissions.publish(event, span.traceparent, within_s)
        finally:
            span.end(OK)

    def _revised(self) -> PortfolioRevised:
        if (revised := self.asking.revised()) is None:
            raise no_portfolio()
        return revised


async def _within(end: "asyncio.Future[Heard | None]", seconds: float) -> Heard | None:
    """What is heard in that time. ``None``: nothing, or the gateway stops."""
    await asyncio.wait({end}, timeout=seconds)
    return end.result() if end.done() else None
