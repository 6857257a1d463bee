"""Making one claimed call: prepare it, ask the adapter under a hard deadline and in a span, and price what comes."""

import asyncio
import logging
import time
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from infra.objects.seal import DataKey
from infra.objects.vault import Vault
from infra.telemetry.lean_span import LeanSpans
from infra.telemetry.wire import span_attributes
from schemas.asking import answer_bound
from schemas.attempt import AttemptDispatched, AttemptFailed, Cost
from schemas.money import micro_from_usd
from schemas.portfolio import Portfolio
from schemas.vocabulary import Reason
from services.model_worker.adapters.call_content import CallContents
from services.model_worker.adapters.call_span import asked_of, content_of, told_of
from services.model_worker.adapters.late_calls import LateCalls, Reading, cut_off, in_time
from services.model_worker.adapters.live_answers import LiveAnswers
from services.model_worker.adapters.provider import Providers
from services.model_worker.adapters.rate_limits import RateLimits
from services.model_worker.adapters.replay import AnswersUnreadable
from services.model_worker.adapters.spend_cap import SpendCap
from services.model_worker.domain.calls import Adapter, Answered, Billed, CallFailed, Outcome, Sending, Tell
from services.model_worker.domain.claims import (
    LATE,
    TOO_LITTLE,
    Claim,
    Finished,
    LeaseLost,
    comes_to_nothing,
    cut_of,
    kept_from_calling,
    reason_not_to_call,
    too_late_to_begin,
    was_hurried,
)
from services.model_worker.domain.late import GivenUp
from services.model_worker.domain.outcomes import (
    AttemptEnded,
    ended,
    failed,
    fitting,
    most_cost,
    with_lost_calls,
)
from services.model_worker.domain.pace import NO_ROOM, Answers, expected_tokens, with_answer
from services.model_worker.domain.preparation import Listed, Prepared
from services.model_worker.domain.variables import VariableUnfit

log = logging.getLogger(__name__)
UNBUILT = "its adapter cannot be built: check the provider's entry, and what fills in its base_url"


class Gate(Protocol):
    """Who lets calls pass: see :class:`services.model_worker.adapters.breakers.Breakers`."""

    def enter(self, model: str) -> int | CallFailed: ...

    def leave(self, model: str, turn: int, outcome: Outcome | None) -> None: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking: the adapter, if there is one, and the outcome. ``reading``: the call that was given up at
    its time, and is on its way still; ``over_at``: when that was, by the steady clock."""

    adapter: Adapter | None
    outcome: Outcome
    reading: Reading | None = None
    over_at: float = 0.0


@dataclass(slots=True)
class OnItsWay:
    """One call on the wire, and how far its request has come. ``reserved``: of the spend cap, until it is settled."""

    reserved: int | None
    sending: Sending = field(default_factory=Sending)
    reading: Reading | None = None

    def cut(self) -> None:
        if self.reading is not None:
            self.reading.cancel()


class ModelCalls:
    """Makes the calls of one provider that ``gate`` lets pass. ``revision`` waits a little for a revision of the
    portfolio that is on its way, and raises ``NotYet`` when it does not come. ``most_bytes`` is the largest event that
    the bus takes. ``holds`` says whether a claim's lease is ours still: a process may have stood still since."""

    def __init__(
        self,
        providers: Providers,
        gate: Gate,
        limits: RateLimits,
        revision: Callable[[str], Awaitable[Portfolio]],
        contents: Vault,
        listed: Listed,
        spans: LeanSpans,
        most_bytes: int,
        holds: Callable[[Claim], Awaitable[bool]],
        *,
        late: LateCalls,
        cap: SpendCap | None = None,
        live: LiveAnswers | None = None,
        shows_content: bool = False,
    ) -> None:
        self._providers = providers
        self._gate = gate
        self._limits = limits
        self._contents = CallContents(contents, revision, listed, most_bytes)
        self._spans = spans
        self._most_bytes = most_bytes
        self._holds = holds
        self._cap = cap or SpendCap()
        self._late = late
        self._live = live or LiveAnswers()
        self._shows_content = shows_content
        self._answers: dict[str, Answers] = {}

    async def perform(self, claim: Claim) -> Finished:
        """What came of the claim.

        Raises :class:`LeaseLost` when its lease went to another before the call, and for a stored event that cannot be
        read.
        """
        event, came = claim.dispatched(), time.monotonic()
        prepared, key = await self._contents.prepared(event, claim.remaining_s)
        claim = _later(claim, came)
        if isinstance(prepared, CallFailed):
            why = too_late_to_begin(claim) if prepared is LATE else prepared
            return self._finished(claim, failed(event, why, Cost()), claim.traceparent)
        refusal = reason_not_to_call(claim, prepared.on_unknown)
        if refusal is None and (late := self._comes_to_nothing(claim, event, prepared, claim.remaining_s)):
            refusal = kept_from_calling(claim, late)
        if refusal is not None:
            return self._not_called(claim, event, prepared, refusal)
        reserved = self._reserved(prepared)
        if isinstance(reserved, CallFailed):
            return self._not_called(claim, event, prepared, reserved)
        turn = self._gate.enter(prepared.call.model)
        if isinstance(turn, CallFailed):
            self._cap.settle(reserved, 0)
            return self._not_called(claim, event, prepared, kept_from_calling(claim, turn))
        way = OnItsWay(reserved)
        try:
            return await self._call(claim, event, prepared, turn, key, way)
        except BaseException as error:
            way.cut()  # nobody was told of its failure
            if way.reading is None and way.reserved is not None:
                self._cap.settle(way.reserved, 0)
            if way.reading is None or not isinstance(error, Exception):
                raise
            return self._untold(claim, event, prepared, way, error)

    def _untold(
        self, claim: Claim, event: AttemptDispatched, prepared: Prepared, way: OnItsWay, error: Exception
    ) -> Finished:
        """What a call comes to that was made, and of which something could not be told: made again, it would be paid
        for again."""
        name = type(error).__name__
        log.error("what came of attempt %s cannot be told: %s", claim.attempt_id, name)
        if way.reserved is not None:
            self._cap.settle(way.reserved, most_cost(prepared.call, prepared.rate).micro_usd)
        why = CallFailed(Reason.PROVIDER_ERROR, f"what came of the call cannot be told ({name})", Billed.UNKNOWN)
        ending = ended(event, prepared.call, prepared.rate, why, 0, claim.lost_calls)
        return self._finished(claim, ending, claim.traceparent, prepared)

    def _reserved(self, prepared: Prepared) -> int | CallFailed:
        if (cap_usd := prepared.provider.spend_cap_usd) is None:
            return 0
        call = prepared.call
        is_limited = call.vectors > 0 or answer_bound(call.payload) is not None
        return self._cap.reserve(micro_from_usd(cap_usd), most_cost(call, prepared.rate), limits_tokens=is_limited)

    def _not_called(self, claim: Claim, event: AttemptDispatched, prepared: Prepared, why: CallFailed) -> Finished:
        cost = with_lost_calls(Cost(), claim.lost_calls, prepared.call, prepared.rate)
        return self._finished(claim, failed(event, why, cost), claim.traceparent, prepared)

    async def _call(
        self, claim: Claim, event: AttemptDispatched, prepared: Prepared, turn: int, key: DataKey | None, way: OnItsWay
    ) -> Finished:
        started, started_ns = time.monotonic(), time.time_ns()
        asked = await self._passed(claim, event, prepared, turn, way)
        latency_ms = round((time.monotonic() - started) * 1000)
        ending, traceparent = self._told(claim, event, prepared, asked, started_ns, latency_ms)
        self._settle(claim, prepared, asked, ending, traceparent, way)
        carried = await self._contents.carried(ending, key, _left_s(claim, started))
        return self._finished(claim, carried, traceparent, prepared)

    def _told(
        self, claim: Claim, event: AttemptDispatched, prepared: Prepared, asked: Asked, started_ns: int, latency_ms: int
    ) -> tuple[AttemptEnded, str]:
        """How the attempt ended, and the context of the call's span, in which that is told."""
        ending = ended(event, prepared.call, prepared.rate, asked.outcome, latency_ms, claim.lost_calls)
        told = asked_of(event, prepared, asked.adapter) | told_of(ending, asked.outcome)
        if self._shows_content and not event.body.is_sealed:
            told |= content_of(prepared, asked.outcome)
        name = f"{told['gen_ai.operation.name']} {prepared.call.payload['model']}"
        span = self._spans.call(name, claim.traceparent, span_attributes(told), started_ns)
        if isinstance(ending, AttemptFailed):
            span.fail(ending.detail)
        span.end()
        return ending, span.traceparent

    def _settle(
        self, claim: Claim, prepared: Prepared, asked: Asked, ending: AttemptEnded, traceparent: str, way: OnItsWay
    ) -> None:
        """Take what the call cost from the spend cap: now, or once it was read on to its end."""
        others = with_lost_calls(Cost(), claim.lost_calls, prepared.call, prepared.rate)
        own_micro_usd = ending.cost.micro_usd - others.micro_usd
        reserved, way.reserved = way.reserved or 0, None
        if asked.reading is None or not isinstance(ending, AttemptFailed):
            self._cap.settle(reserved, own_micro_usd)
            return
        given_up = GivenUp(ending, prepared, asked.over_at, traceparent, claim.lost_calls)
        self._late.keep(given_up, asked.reading, reserved, own_micro_usd)

    async def _passed(
        self, claim: Claim, event: AttemptDispatched, prepared: Prepared, turn: int, way: OnItsWay
    ) -> Asked:
        told: Outcome | None = None
        try:
            with self._live.of(claim, event) as tell:
                asked = await self._answer(claim, event, prepared, tell, way)
            is_nothing = asked.outcome in (NO_ROOM, LATE, TOO_LITTLE) or was_hurried(claim, asked.outcome)
            told = None if is_nothing else asked.outcome
            return asked
        finally:
            self._gate.leave(prepared.call.model, turn, told)

    async def _answer(
        self, claim: Claim, event: AttemptDispatched, prepared: Prepared, tell: Tell | None, way: OnItsWay
    ) -> Asked:
        came = time.monotonic()
        try:
            adapter = await self._providers.adapter_of(prepared.provider)
        except Exception as error:
            # Of these alone the text is ours: another's may hold the address, and the address a token.
            why = str(error) if isinstance(error, VariableUnfit | AnswersUnreadable | ImportError) else UNBUILT
            log.error("the provider cannot be called: %s: %s", type(error).__name__, why)
            return Asked(None, CallFailed(Reason.PROVIDER_ERROR, f"{type(error).__name__}: {why}"))
        if not await self._limits.passed(expected_tokens(prepared.call), _left_s(claim, came)):
            return Asked(adapter, NO_ROOM)
        if not await self._holds(claim):
            raise LeaseLost(claim.attempt_id)
        timeout_s, left_s = prepared.provider.timeout_s, _left_s(claim, came)
        late = LATE if left_s <= 0 else self._comes_to_nothing(claim, event, prepared, left_s)
        if late is not None:
            return Asked(adapter, too_late_to_begin(claim, late))
        limit_s = min(left_s, timeout_s)
        way.reading = reading = asyncio.create_task(adapter.call(prepared.call, tell, way.sending))
        outcome = await self._timed(reading, prepared.call.model, limit_s)
        if outcome is not None:
            return Asked(adapter, outcome)
        over_at, answers = time.monotonic(), self._answers.get(prepared.call.model)
        cut = cut_of(claim, timeout_s, limit_s, answers, over_at, event.tried)
        if self._late.takes(claim.attempt_id, way.sending, prepared.rate):
            return Asked(adapter, cut, reading, over_at)
        await cut_off(reading)
        return Asked(adapter, cut)

    def _comes_to_nothing(
        self, claim: Claim, event: AttemptDispatched, prepared: Prepared, left_s: float
    ) -> CallFailed | None:
        return comes_to_nothing(claim, left_s, self._answers.get(prepared.call.model), time.monotonic(), event.tried)

    async def _timed(self, reading: Reading, model: str, limit_s: float) -> Outcome | None:
        """What came of the call; ``None`` where its time is over, and it is on its way still.

        How long an answer takes here is noted, without the waits before it: those are not the provider's.
        """
        began = time.monotonic()
        try:
            outcome = await in_time(reading, limit_s)
        except Exception as error:
            frames = "".join(traceback.format_tb(error.__traceback__))
            log.error("the adapter failed with %s:\n%s", type(error).__name__, frames)
            detail = f"the adapter failed ({type(error).__name__})"
            return CallFailed(Reason.PROVIDER_ERROR, detail, Billed.UNKNOWN)
        if isinstance(outcome, Answered):
            now = time.monotonic()
            self._answers[model] = with_answer(self._answers.get(model), now - began, now)
        return outcome

    def _finished(
        self, claim: Claim, ending: AttemptEnded, traceparent: str | None, prepared: Prepared | None = None
    ) -> Finished:
        fit, data = fitting(ending, self._most_bytes)
        return Finished(claim.attempt_id, claim.fence, fit, data, traceparent, prepared)


def _later(claim: Claim, since: float) -> Claim:
    """The claim with less time to its deadline: by what has passed since then, by the steady clock."""
    return replace(claim, remaining_s=_left_s(claim, since))


def _left_s(claim: Claim, since: float) -> float:
    return claim.remaining_s - (time.monotonic() - since)
