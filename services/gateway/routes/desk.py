"""What every route works with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from opentelemetry.trace import Tracer

from schemas.standing import PortfolioRevised
from services.gateway.adapters.claims import Claims
from services.gateway.adapters.gate import Gate
from services.gateway.adapters.large_requests import LargeRequests
from services.gateway.adapters.load import Load
from services.gateway.adapters.submissions import Submissions
from services.gateway.adapters.waiting import Waiting
from services.gateway.config import GatewayConfig
from services.gateway.domain.problems import no_portfolio


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes work with. ``revised``: the portfolio in force; ``unready``: why not ready, where that is so.

    ``claims`` are there where a database is given.
    """

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
    claims: Claims | None = None

    def portfolio(self) -> PortfolioRevised:
        """The revision in force. Raises ``Refused`` when there is none."""
        if (revised := self.revised()) is None:
            raise no_portfolio()
        return revised
