"""What every route works with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from fastapi import Request
from opentelemetry.trace import Tracer

from schemas.request import RequestSubmitted
from schemas.standing import PortfolioRevised
from services.gateway.adapters.answer_cache import AnswerCache
from services.gateway.adapters.answer_tally import AnswerTally, note_tenant
from services.gateway.adapters.batch_line_run import Asking, Mint
from services.gateway.adapters.batch_store import BatchStore
from services.gateway.adapters.batches import Batches
from services.gateway.adapters.claims import Claims
from services.gateway.adapters.flights import Flight
from services.gateway.adapters.gate import Gate, Visit
from services.gateway.adapters.large_bodies import LargeBodies
from services.gateway.adapters.large_requests import LargeRequests
from services.gateway.adapters.live_streams import LiveStreams
from services.gateway.adapters.load import Load
from services.gateway.adapters.submissions import Submissions
from services.gateway.adapters.waiting import Waiting
from services.gateway.config import GatewayConfig
from services.gateway.domain.cache import Wish, wish_in
from services.gateway.domain.problems import no_portfolio


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes work with. ``revised``: the portfolio in force; ``unready``: why not ready, where that is so.

    ``claims``, ``cache`` and ``batches`` are there where a database is given.
    """

    config: GatewayConfig
    waiting: Waiting
    submissions: Submissions
    large: LargeRequests
    mint: Callable[[], UUID]
    revised: Callable[[], PortfolioRevised | None]
    unready: Callable[[], str | None]
    tracer: Tracer
    large_bodies: LargeBodies = field(default_factory=LargeBodies)
    live: LiveStreams = field(default_factory=LiveStreams)
    load: Load = field(default_factory=Load)
    tally: AnswerTally = field(default_factory=AnswerTally)
    gate: Gate = field(default_factory=Gate)
    claims: Claims | None = None
    cache: AnswerCache | None = None
    batches: Batches | None = None

    async def visit(self, request: Request) -> Visit:
        """The client who asks, noted in the line of its answer. Raises ``Refused`` unless its key is good for that."""
        visit = await self.gate.visit(request.headers)
        note_tenant(request.scope, visit.key.tenant)
        return visit

    def portfolio(self) -> PortfolioRevised:
        """The revision in force. Raises ``Refused`` when there is none."""
        if (revised := self.revised()) is None:
            raise no_portfolio()
        return revised

    async def looked_up(
        self, asked: RequestSubmitted, visit: Visit, headers: Mapping[str, str], revised: PortfolioRevised
    ) -> RequestSubmitted:
        """The request with what the cache holds of it."""
        if self.cache is None:
            return asked
        return await self.cache.look_up(asked, visit.key.tenant, revised, wish_in(headers))

    def asking(self, store: BatchStore, claims: Claims, mint: Mint) -> Asking:
        """What the lines of batches are asked with, at this desk."""
        return Asking(
            config=self.config,
            store=store,
            claims=claims,
            gate=self.gate,
            waiting=self.waiting,
            submissions=self.submissions,
            large=self.large,
            load=self.load,
            looked_up=self.looked_up,
            mint=mint,
            revised=self.portfolio,
            tracer=self.tracer,
        )

    async def joined(
        self, asked: RequestSubmitted, visit: Visit, headers: Mapping[str, str], patience_s: float
    ) -> Flight | None:
        """What this request waits for before it is said: another that asks the same, and was first."""
        if self.cache is None or wish_in(headers) is not Wish.ANSWER:
            return None
        return await self.cache.joined(asked, visit.key.tenant, patience_s)
