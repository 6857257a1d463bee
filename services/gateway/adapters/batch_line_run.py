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
from services.gateway.adapters.batch_leases import Leased
from services.gateway.adapters.batch_line_text import LineText
from services.gateway.adapters.batch_lines import AskedLine
from services.gateway.adapters.batch_places import Seat, Stop, Stopped
from services.gateway.adapters.batch_store import BatchStore
from services.gateway.adapters.claims import Claims, Search
from services.gateway.adapters.gate import Gate, Visit
from services.gateway.adapters.large_requests import LargeRequests, Place
from services.gateway.adapters.load import Load
from services.gateway.adapters.server_span import ServerSpan
from services.gateway.adapters.submissions import Submissions
from services.gateway.adapters.waiting import End, Heard, Waiting
from services.gateway.config import GatewayConfig
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
from services.gateway.domain.load import kind_of
from services.gateway.domain.patience import kept_s, patience_s
from services.gateway.domain.problems import Problem, Refused, over_load, problem_of

BY = "batch"
"""By whom a request was cancelled, as `request.cancelled` and the ledger tell it."""
MOST_TRIES = 24
"""How often the pipeline may turn a line away, over an hour and more: then that is what became of it."""
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


class Awaited(NamedTuple):
    """A line that Kafka has: how many seconds its end may take, and what takes that end."""

    patience_s: float
    note: Callable[[Heard | None], None]


class LetIn(NamedTuple):
    """A request that may be said, and for whom."""

    visit: Visit
    form: Form
    submitted: RequestSubmitted


class Fresh(NamedTuple):
    """It is to become a request, ``tries`` others having been turned away before."""

    tries: int = 0


class Written(NamedTuple):
    """Its request has an id; whether anybody said it, or is just about to, the log tells."""

    asked: AskedLine


class Said(NamedTuple):
    """Kafka has its request, which was let in here."""

    asked: AskedLine
    visit: Visit


@dataclass(slots=True)
class LineRun:
    """One line under way. ``held``: its place in memory; ``seat``: among those of which an end is awaited."""

    asking: Asking
    leased: Leased
    text: LineText
    stop: Stop
    held: Seat
    seat: Seat
    state: Fresh | Written | Said
    request_id: UUID = NO_REQUEST
    _is_cancelled: bool = False

    @property
    def line(self) -> Line:
        """The line, perhaps without its body."""
        return self.text.line

    @property
    def asked(self) -> AskedLine | None:
        """The request that it has become."""
        return None if isinstance(self.state, Fresh) else self.state.asked

    @property
    def tries(self) -> int:
        """How many requests that it was before were turned away."""
        return self.state.tries if isinstance(self.state, Fresh) else self.state.asked.tries

    async def outcome(self) -> Outcome:
        """What becomes of it, however often it is tried. Raises :class:`Stopped`, ``LineErased`` or ``LeaseLost``."""
        again = 0
        while True:
            problem: Problem
            try:
                end = await self._ended()
            except Refused as away:
                problem = away.problem
                if not comes_again(problem):
                    return refused(self.line, self.request_id, self.text.dialect.refusal(problem))
            else:
                if not is_turned_away(end) or self.tries + 1 >= MOST_TRIES:
                    return await self._told(end)
                assert isinstance(end, RequestFailed)  # noqa: S101 an answer is not turned away
                problem, self.state = problem_of(end), Fresh(self.tries + 1)
            again += 1
            await self._pause(pause_s(problem, again))

    async def cancel(self) -> None:
        """Its request, where it has become one, need not be answered any more."""
        if self.asked is None or self._is_cancelled:
            return
        self._is_cancelled = True
        tenant, config = self.leased.batch.tenant, self.asking.config
        event = RequestCancelled(request_id=self.asked.request_id, tenant=tenant, by=BY, cancelled_at=datetime.now(UTC))
        with suppress(Refused):  # Kafka is away: the request goes on to its deadline
            await self._publish(event, config.publish_timeout_s)

    def leave(self) -> None:
        """It needs no place any more."""
        self.text.drop()
        for place in (self.held, self.seat):
            place.leave()

    async def _pause(self, seconds: float) -> None:
        """Wait, and let others go on meanwhile."""
        self.text.drop()
        self.seat.leave()
        await self.stop.pause(seconds)
        await self.seat.take(self.stop)
        if not self.seat.is_taken:
            raise Stopped

    async def _told(self, end: End) -> Outcome:
        if self.stop.code and isinstance(end, RequestFailed) and end.reason == Reason.CANCELLED:
            return unanswered(self.line, self.request_id, self.stop.code, was_asked=True)
        reply = self.text.dialect.reply_of(end, await self.text.form(self.stop))
        told = self.line, self.request_id, reply, tally_of(end, reply)
        return await self.asking.aside.of(lambda _: replied(*told), reply.body)

    async def _ended(self) -> End:
        """The end of the request of this try. Raises ``Refused``."""
        span = ServerSpan(self.asking.tracer, "POST", self.text.dialect.path, None)
        drawn = ids_of(self.leased.batch.id, self.line.number, self.tries)
        self.request_id = self.asked.request_id if self.asked else self.asking.mint(lambda: next(drawn))
        span.about(str(self.request_id))
        status = 500
        try:
            end = await self.asking.large.whole(await self._heard(span))
            if isinstance(self.state, Said) and self.state.visit.tokens:  # another's nobody corrects
                await self.state.visit.used(end)
            status = OK
            return end
        except Refused as away:
            status = away.problem.status
            raise
        finally:
            span.end(status)

    async def _heard(self, span: ServerSpan) -> End:
        """Ask, and hear of the end as any client would; where that does not come, look for it."""
        if isinstance(self.state, Fresh):
            with ExitStack() as held:
                mine = held.enter_context(self.asking.waiting.place(self.request_id))
                if (awaited := await self._first(self.state.tries, span, held)) is not None:
                    heard = await _within(mine, awaited.patience_s)
                    awaited.note(heard)
                    if isinstance(heard, RequestCompleted | RequestFailed):
                        return heard
        assert self.asked is not None  # noqa: S101 it was asked, here or elsewhere
        return await self._found(self.asked, span)

    async def _first(self, tries: int, span: ServerSpan, held: ExitStack) -> Awaited | None:
        """Ask it for the first time; ``None`` where another has. Nothing of its body is held after that."""
        asking, revised = self.asking, self.asking.revised()
        with asking.large.place(SPARE) as large:
            asked = await self._taken_apart(large)
            note = held.enter_context(self._load(asked.submitted, revised))
            let_in = await self._let_in(asked, large, revised)
            stands = await asking.store.lines.ask(self.leased, self.line.number, tries, self.request_id)
            if stands.request_id != self.request_id:
                self.state = Written(stands)
                return None
            await self._say(stands, let_in, span, revised)
        self.text.drop()
        return Awaited(patience_s(let_in.submitted, revised.portfolio, asking.config.longest_wait_s), note)

    async def _taken_apart(self, large: Place) -> Asked:
        """What the line asks for. A large one has its places before it is read again and taken apart."""
        if not await self.text.has_place(self.stop):
            raise Stopped
        if self.text.size > self.asking.config.max_inline_bytes:
            large.take()
        return await self.text.asked(self.request_id)

    async def _found(self, asked: AskedLine, span: ServerSpan) -> End:
        """The end in the log. Where none stands there yet it is said once more: it is admitted once."""
        self.request_id = asked.request_id
        with self.asking.claims.past(asked.request_id, asked.asked_at) as search:
            await asyncio.wait({search.found, search.caught_up}, return_when=asyncio.FIRST_COMPLETED)
            if not search.found.done():
                await self._news(search, asked, span)
            if not search.found.done():
                self.text.drop()
                self.seat.leave()  # a person may take long
            end = await search.found
        if end is None:
            raise LogEnded
        return end

    async def _news(self, search: Search, asked: AskedLine, span: ServerSpan) -> None:
        """Have it said, unless its deadline is past already or the batch is stopped; until the log tells more of it."""
        if search.passed is None and not self.stop.code:
            with suppress(Stopped):
                await self._say_again(asked, span)
                await asyncio.wait({search.news})
                return
        if self.stop.code:
            await self._last_word(search)

    async def _last_word(self, search: Search) -> None:
        """Nothing is said any more once the batch is stopped: what was never said does not end."""
        await self.cancel()
        await asyncio.wait({search.found}, timeout=LAST_WORD_S)
        if not search.found.done():
            raise Stopped

    async def _say_again(self, stands: AskedLine, span: ServerSpan) -> None:
        revised = self.asking.revised()
        with self.asking.large.place(SPARE) as large:
            asked = await self._taken_apart(large)
            await self._say(stands, await self._let_in(asked, large, revised), span, revised)
        self.text.drop()

    async def _let_in(self, asked: Asked, large: Place, revised: PortfolioRevised) -> LetIn:
        """The request as it goes on, in the name of the batch's key, while that is good."""
        visit = await self.asking.gate.visit_of(self.leased.batch.key_id)
        submitted = await visit.let_in(asked.submitted.model_copy(update={"request_id": self.request_id}))
        if not fits(submitted, self.text.size, self.asking.config.max_inline_bytes):
            large.take()
        else:
            submitted = await self.asking.looked_up(submitted, visit, {}, revised)
        return LetIn(visit, asked.form, await large.referred(submitted, revised.portfolio))

    def _load(
        self, submitted: RequestSubmitted, revised: PortfolioRevised
    ) -> AbstractContextManager[Callable[[Heard | None], None]]:
        """Its place among the lines of batches. While too much of it ends late, a batch lets all others go first."""
        kind = kind_of(submitted, revised.portfolio)
        if kind in self.asking.load.most:
            raise over_load(kind)
        return self.asking.own_load.place(kind)

    async def _say(self, stands: AskedLine, let_in: LetIn, span: ServerSpan, revised: PortfolioRevised) -> None:
        """Raises :class:`Stopped`: what was said by then is cancelled with the batch, and nothing is said later."""
        if self.stop.code:
            raise Stopped
        self.state = Written(stands)
        visit, form, submitted = let_in
        await self.asking.submissions.publish(submitted, span.traceparent, self.asking.config.publish_timeout_s)
        self.state = Said(stands, visit)
        if form.is_kept:
            kept = kept_s(submitted, revised.portfolio)
            await self.asking.claims.remember(self.leased.batch.tenant, self.request_id, 0, kept)

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
