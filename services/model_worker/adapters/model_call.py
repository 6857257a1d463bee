"""Making one claimed call: prepare it, ask the adapter under a hard deadline and in a span, and price what comes."""

import asyncio
import logging
import time
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from infra.objects.failures import ContentElsewhere, ContentLost, KeyMissing, KeyWrong, ObjectsAway
from infra.objects.seal import DataKey
from infra.objects.vault import Vault
from infra.telemetry.lean_span import LeanSpans
from infra.telemetry.wire import span_attributes
from schemas.asking import answer_bound
from schemas.attempt import AttemptDispatched, AttemptFailed, Cost, Repair
from schemas.content import Body, body_of
from schemas.money import micro_from_usd
from schemas.portfolio import Portfolio
from schemas.reaction import NotYet
from schemas.vocabulary import Reason
from services.model_worker.adapters.call_span import asked_of, content_of, told_of
from services.model_worker.adapters.late_calls import LateCalls, Reading, cut_off, in_time
from services.model_worker.adapters.live_answers import LiveAnswers
from services.model_worker.adapters.provider import Providers
from services.model_worker.adapters.rate_limits import RateLimits
from services.model_worker.adapters.spend_cap import SpendCap
from services.model_worker.domain.calls import Adapter, Answered, Billed, CallFailed, Outcome, Sending, Tell
from services.model_worker.domain.claims import (
    LATE,
    Claim,
    Finished,
    LeaseLost,
    cut_of,
    kept_from_calling,
    limit_of,
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
    goes_by_reference,
    most_cost,
    unkept,
    with_lost_calls,
)
from services.model_worker.domain.pace import NO_ROOM, Answers, expected_tokens, with_answer
from services.model_worker.domain.preparation import Listed, Prepared, prepare

log = logging.getLogger(__name__)


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
    """One call on the wire, and how far its request has come."""

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
        self._revision = revision
        self._contents = contents
        self._listed = listed
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
        event = claim.dispatched()
        prepared, key = await self._prepare(event)
        if isinstance(prepared, CallFailed):
            return self._finished(claim, failed(event, prepared, Cost()), claim.traceparent)
        if refusal := reason_not_to_call(claim, prepared.on_unknown):
            return self._not_called(claim, event, prepared, refusal)
        reserved = self._reserved(prepared)
        if isinstance(reserved, CallFailed):
            return self._not_called(claim, event, prepared, reserved)
        turn = self._gate.enter(prepared.call.model)
        if isinstance(turn, CallFailed):
            self._cap.settle(reserved, 0)
            return self._not_called(claim, event, prepared, kept_from_calling(claim, turn))
        try:
            return await self._call(claim, event, prepared, turn, key, reserved)
        except LeaseLost:
            self._cap.settle(reserved, 0)
            raise

    def _reserved(self, prepared: Prepared) -> int | CallFailed:
        if (cap_usd := prepared.provider.spend_cap_usd) is None:
            return 0
        call = prepared.call
        is_limited = call.vectors > 0 or answer_bound(call.payload) is not None
        return self._cap.reserve(micro_from_usd(cap_usd), most_cost(call, prepared.rate), limits_tokens=is_limited)

    def _not_called(self, claim: Claim, event: AttemptDispatched, prepared: Prepared, why: CallFailed) -> Finished:
        cost = with_lost_calls(Cost(), claim.lost_calls, prepared.call, prepared.rate)
        return self._finished(claim, failed(event, why, cost), claim.traceparent)

    async def _prepare(self, event: AttemptDispatched) -> tuple[Prepared | CallFailed, DataKey | None]:
        """The call, and the key that opened its question: the answer is sealed with it, wherever the store is then."""
        try:
            portfolio = await self._revision(event.request.revision)
        except NotYet:
            detail = f"this worker has not heard of revision {event.request.revision} of the portfolio"
            return CallFailed(Reason.PROVIDER_ERROR, detail), None
        try:
            key = await self._key(event)
            return prepare(await self._whole(event, key), portfolio, self._listed), key
        except (ObjectsAway, ContentElsewhere, KeyMissing, KeyWrong) as error:
            return CallFailed(Reason.PROVIDER_ERROR, str(error)), None
        except ContentLost as error:
            return CallFailed(Reason.INVALID_REQUEST, str(error)), None

    async def _key(self, event: AttemptDispatched) -> DataKey | None:
        if event.body.key_id is None:
            return None
        return await self._contents.key_of(event.body.key_id, event.request.request_id)

    async def _whole(self, event: AttemptDispatched, key: DataKey | None) -> AttemptDispatched:
        """The event with its content in it. Raises :class:`ContentLost` or :class:`ObjectsAway`."""
        if event.body.is_plain:
            return event
        doubted, repair = event.doubted, event.repair
        if doubted is not None:
            doubted = await self._opened(event, doubted, key)
        if repair is not None and repair.told is not None:
            told = (await self._opened(event, repair.told, key)).text()
            repair = Repair(answer=await self._opened(event, repair.answer, key), message=told)
        body = await self._opened(event, event.body, key)
        return event.model_copy(update={"body": body, "doubted": doubted, "repair": repair})

    async def _opened(self, event: AttemptDispatched, body: Body, key: DataKey | None) -> Body:
        return body_of(await self._contents.content(body, event.request.request_id, key))

    async def _call(
        self, claim: Claim, event: AttemptDispatched, prepared: Prepared, turn: int, key: DataKey | None, reserved: int
    ) -> Finished:
        way = OnItsWay()
        started, started_ns = time.monotonic(), time.time_ns()
        try:
            asked = await self._passed(claim, event, prepared, turn, way)
            latency_ms = round((time.monotonic() - started) * 1000)
            ending, traceparent = self._told(claim, event, prepared, asked, started_ns, latency_ms)
            self._settle(claim, prepared, asked, ending, traceparent, reserved)
        except BaseException:
            way.cut()  # nobody was told of its failure
            raise
        return self._finished(claim, await self._carried(ending, key), traceparent)

    def _told(
        self, claim: Claim, event: AttemptDispatched, prepared: Prepared, asked: Asked, started_ns: int, latency_ms: int
    ) -> tuple[AttemptEnded, str]:
        """How the attempt ended, and the context of the call's span, in which that is told."""
        ending = ended(event, prepared.call, prepared.rate, asked.outcome, latency_ms, claim.lost_calls)
        told = asked_of(event, prepared, asked.adapter) | told_of(ending, asked.outcome)
        if self._shows_content and event.body.key_id is None:
            told |= content_of(prepared, asked.outcome)
        name = f"{told['gen_ai.operation.name']} {prepared.call.payload['model']}"
        span = self._spans.call(name, claim.traceparent, span_attributes(told), started_ns)
        if isinstance(ending, AttemptFailed):
            span.fail(ending.detail)
        span.end()
        return ending, span.traceparent

    def _settle(
        self, claim: Claim, prepared: Prepared, asked: Asked, ending: AttemptEnded, traceparent: str, reserved: int
    ) -> None:
        """Take what the call cost from the spend cap: now, or once it was read on to its end."""
        others = with_lost_calls(Cost(), claim.lost_calls, prepared.call, prepared.rate)
        own_micro_usd = ending.cost.micro_usd - others.micro_usd
        if asked.reading is None or not isinstance(ending, AttemptFailed):
            self._cap.settle(reserved, own_micro_usd)
            return
        given_up = GivenUp(ending, prepared, asked.over_at, traceparent, claim.lost_calls)
        self._late.keep(given_up, asked.reading, reserved, own_micro_usd)

    async def _carried(self, ending: AttemptEnded, key: DataKey | None) -> AttemptEnded:
        """The ending as Kafka may carry it: the vectors of many texts by reference, of sealed content sealed."""
        if isinstance(ending, AttemptFailed):
            return ending
        is_large = goes_by_reference(ending, self._most_bytes)
        if not is_large and key is None:
            return ending
        content = ending.answer.text().encode()
        try:
            if key is not None:
                kept = await self._contents.sealed(content, key, by_reference=is_large)
            else:
                kept = await self._contents.put(content)
        except ObjectsAway as error:
            return unkept(ending, str(error))
        return ending.model_copy(update={"answer": kept})

    async def _passed(
        self, claim: Claim, event: AttemptDispatched, prepared: Prepared, turn: int, way: OnItsWay
    ) -> Asked:
        told: Outcome | None = None
        try:
            with self._live.of(claim, event) as tell:
                asked = await self._answer(claim, event, prepared, tell, way)
            is_nothing = asked.outcome in (NO_ROOM, LATE) or was_hurried(claim, asked.outcome)
            told = None if is_nothing else asked.outcome
            return asked
        finally:
            self._gate.leave(prepared.call.model, turn, told)

    async def _answer(
        self, claim: Claim, event: AttemptDispatched, prepared: Prepared, tell: Tell | None, way: OnItsWay
    ) -> Asked:
        try:
            adapter = await self._providers.adapter_of(prepared.provider)
        except Exception as error:
            log.error("the provider cannot be called: %s: %s", type(error).__name__, error)
            return Asked(None, CallFailed(Reason.PROVIDER_ERROR, f"{type(error).__name__}: {error}"))
        began = time.monotonic()
        if not await self._limits.passed(expected_tokens(prepared.call), claim.remaining_s):
            return Asked(adapter, NO_ROOM)
        if not await self._holds(claim):
            raise LeaseLost(claim.attempt_id)
        timeout_s = prepared.provider.timeout_s
        limit_s = limit_of(claim, timeout_s, time.monotonic() - began)
        if limit_s <= 0:
            return Asked(adapter, too_late_to_begin(claim))
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

    def _finished(self, claim: Claim, ending: AttemptEnded, traceparent: str | None) -> Finished:
        fit, data = fitting(ending, self._most_bytes)
        return Finished(claim.attempt_id, claim.fence, fit, data, traceparent)
