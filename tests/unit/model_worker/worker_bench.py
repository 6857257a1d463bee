"""A worker's calls with all that they need, and the spans that they make."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

from dispatches import PER_TOKEN, TRACEPARENT, portfolio
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from wire_spans import span_in

from infra.objects.config import ObjectsConfig, SealingConfig
from infra.objects.store import ObjectStore
from infra.objects.vault import Vault
from infra.telemetry.lean_span import LeanSpans
from schemas.attempt import AttemptDispatched
from schemas.content import Json
from schemas.portfolio import Portfolio
from schemas.reaction import NotYet
from services.model_worker.adapters.breakers import Breakers
from services.model_worker.adapters.desk import Desk
from services.model_worker.adapters.late_calls import LateCalls
from services.model_worker.adapters.live_answers import LiveAnswers
from services.model_worker.adapters.model_call import ModelCalls
from services.model_worker.adapters.provider import Providers
from services.model_worker.adapters.rate_limits import RateLimits
from services.model_worker.adapters.spend_cap import SpendCap
from services.model_worker.domain.claims import Claim


class Bench:
    """A :class:`ModelCalls` with what it needs, and the spans that it made."""

    def __init__(
        self,
        url: str,
        *,
        cap: SpendCap | None = None,
        shows_content: bool = False,
        sealing: SealingConfig | None = None,
        late_s: float = 0.0,
        slots: int = 4,
        beside: int = 0,
        **entries: Any,
    ) -> None:
        self.spans: list[bytes] = []
        self.portfolio = portfolio(**entries)
        self.providers = Providers("acme", {"ACME_URL": url}, 100_000)
        self.breakers = Breakers("acme", "tests")
        self.limits = RateLimits()
        self.is_held = True
        self.cap = cap or SpendCap()
        self.desk = Desk(lambda: slots, beside=beside)
        self.live = LiveAnswers()
        self.late = LateCalls(self.desk, self.cap, LeanSpans(self.spans.append), late_s)
        self.contents = Vault(ObjectStore(ObjectsConfig(url=f"memory://{uuid4().hex}")), sealing or SealingConfig())
        self.calls = ModelCalls(
            self.providers,
            self.breakers,
            self.limits,
            self._revision,
            self.contents,
            lambda _: None,
            LeanSpans(self.spans.append),
            most_bytes=50_000,
            holds=self._is_held,
            cap=self.cap,
            late=self.late,
            live=self.live,
            shows_content=shows_content,
        )

    @property
    def span(self) -> Span:
        (wire,) = self.spans
        return span_in(wire)

    async def _revision(self, name: str) -> Portfolio:
        if name != "r1":
            raise NotYet(name)
        return self.portfolio

    async def _is_held(self, claim: Claim) -> bool:
        if self.is_held:
            self.desk.begun.add(claim.attempt_id)
        return self.is_held

    async def perform(self, event: AttemptDispatched, remaining_s: float = 20.0, *, taken_over: bool = False) -> Any:
        try:
            return await self.calls.perform(claimed(event, remaining_s, taken_over=taken_over))
        finally:
            await self.providers.close()


def claimed(event: AttemptDispatched, remaining_s: float = 20.0, *, taken_over: bool = False) -> Claim:
    return Claim(event.attempt.attempt_id, 3, event.to_json(), TRACEPARENT, remaining_s, taken_over, taken_at=0.0)


def bench(
    url: str,
    *,
    price: Json | None = PER_TOKEN,
    lane: Json | None = None,
    cap: SpendCap | None = None,
    shows_content: bool = False,
    sealing: SealingConfig | None = None,
    late_s: float = 0.0,
    slots: int = 4,
    beside: int = 0,
    **provider: Any,
) -> Bench:
    entry = {"base_url": "${ACME_URL}", "vendor": "acme.ai", **provider}
    entries = {"provider": entry, "price": price, "lane": lane}
    room = {"late_s": late_s, "slots": slots, "beside": beside}
    return Bench(url, cap=cap, shows_content=shows_content, sealing=sealing, **room, **entries)


def again(claim: Claim, fence: int) -> Claim:
    """The same attempt, as another takes it over."""
    return replace(claim, fence=fence, taken_over=True)
