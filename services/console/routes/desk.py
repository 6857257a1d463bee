"""What the pages ask for."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from schemas.content import Body
from schemas.operator import OperatorActed
from schemas.standing import BreakerChanged
from services.console.adapters.health_ports import PortStatus
from services.console.domain.dead_letters import Act
from services.console.domain.findings import Finding
from services.console.domain.portfolio_file import Reading
from services.console.domain.reviews import Review
from services.console.domain.revisions import History
from services.console.domain.sign_in import Holder
from services.console.domain.waterfall import Bar

Json = Mapping[str, Any]


class Desk(Protocol):
    """Methods may raise :class:`CommandFailed`. ``by`` is who does it: that is recorded with the deed."""

    @property
    def holders(self) -> Sequence[Holder]: ...
    @property
    def jaeger_pages(self) -> str | None: ...

    def unready(self) -> str | None: ...
    def history(self) -> History: ...
    def breakers(self) -> Sequence[BreakerChanged]: ...
    async def story(self, request_id: UUID) -> Json | None: ...
    async def trace(self, trace_id: str) -> Sequence[Bar]: ...
    async def requests(self, asked: Mapping[str, str]) -> Json: ...
    async def overview(self, since: datetime, until: datetime) -> Json: ...
    async def health_ports(self) -> Sequence[PortStatus]: ...
    async def deeds(self) -> Sequence[OperatorActed]:
        """What was done at the desk, the newest first."""
        ...

    async def close_breaker(self, path: str, by: str) -> None: ...

    def judge_portfolio(self, text: str) -> tuple[Reading, Sequence[Finding]]:
        """A document, with what is wrong or unwise in it."""
        ...

    async def apply_portfolio(self, text: str, expect: str, note: str | None, by: str) -> None:
        """Refused where another revision than ``expect`` is in force."""
        ...

    async def roll_back(self, revision: str, expect: str, note: str | None, by: str) -> None: ...

    async def reviews(self) -> Mapping[UUID, Review]: ...

    async def review(self, request_id: UUID, by: str) -> Review:
        """One review, to be shown with its content: that is recorded."""
        ...

    async def answer_review(self, request_id: UUID, answer: Body | None, note: str | None, by: str) -> None:
        """Without an ``answer``, the model's last one is the person's own."""
        ...

    async def reject_review(self, request_id: UUID, note: str, by: str) -> None: ...

    async def letters(self, words: Mapping[str, str], *, settled: bool) -> Sequence[Json]:
        """By the words of a filter: ``service``, ``topic``, ``reason``, ``since``."""
        ...

    async def keys(self) -> Sequence[Json]: ...

    async def create_key(self, words: Json, by: str) -> Json:
        """``key`` in what comes back is the secret, which is told this once."""
        ...

    async def rotate_key(self, key: str, overlap: str, by: str) -> Json:
        """A key like it; the old one ends after ``overlap``."""
        ...

    async def revoke_key(self, key: str, by: str) -> None: ...

    async def spending(self) -> Json: ...

    async def settle_letters(self, names: Sequence[str], act: Act, by: str, *, dry_run: bool) -> Sequence[Json]:
        """What came of each, or would."""
        ...
