"""Each fault of a provider from its wire to the next step: worker, validator and escalation, without a bus between."""

import logging
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from dispatches import TRACEPARENT, dispatched
from own_ports import free_port
from provider_faults import FAULTS, KEY, PRICES, STEADY, Fault, Money, document, least_wait_ms, table
from simulator.call_log import LoggedCall
from simulator.process import SimulatorProcess

from infra.objects.config import ObjectsConfig, SealingConfig
from infra.objects.store import ObjectStore
from infra.objects.vault import Vault
from infra.telemetry.lean_span import LeanSpans
from schemas.attempt import AttemptCompleted, AttemptDispatched, AttemptFailed, AttemptRejected, Candidate, Plan
from schemas.content import Question
from schemas.outcome import RequestEscalated, RequestFailed
from schemas.portfolio import Portfolio
from schemas.reaction import DONE, Received, Said
from schemas.vocabulary import CostKind, Reason
from services.escalation.handlers import Handlers
from services.model_worker.adapters.breakers import Breakers
from services.model_worker.adapters.desk import Desk
from services.model_worker.adapters.late_calls import LateCalls
from services.model_worker.adapters.model_call import ModelCalls
from services.model_worker.adapters.provider import Providers
from services.model_worker.adapters.rate_limits import RateLimits
from services.model_worker.adapters.spend_cap import SpendCap
from services.model_worker.domain.claims import Claim
from services.model_worker.domain.outcomes import AttemptEnded
from services.validator.domain.json_schema import SchemaChecker
from services.validator.domain.verdict import judge
from services.validator.domain.wanted import wanted_by

ROOT = Path(__file__).parents[2]
MOST_BYTES = 1_000_000
ADAPTERS = ("openai_compatible", "litellm")
MOST_HELD_BYTES = 10 * MOST_BYTES  # of the gigabyte that is sent
LANE_TIERS = (("same-context",), ("long-context",))


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with SimulatorProcess(tmp_path_factory.mktemp("simulator"), free_port()) as running:
        yield running


@pytest.fixture(scope="module", params=ADAPTERS)
def portfolio(simulator: SimulatorProcess, request: pytest.FixtureRequest) -> Portfolio:
    """Every provider, through each adapter that makes real calls."""
    return Portfolio.of(document(simulator.address, free_port(), request.param))


class OnlyRevision:
    """The one portfolio, whatever revision is asked for."""

    def __init__(self, portfolio: Portfolio) -> None:
        self._portfolio = portfolio

    def revision(self, name: str) -> Portfolio:
        return self._portfolio

    async def awaited(self, name: str) -> Portfolio:
        return self._portfolio


async def held(claim: Claim) -> bool:
    """No other worker is there to take it."""
    return True


def attempt_of(fault: Fault) -> AttemptDispatched:
    """The first attempt of the fault's request, as the router dispatches it."""
    asked = fault.request()
    lane = asked.pop("lane")
    event = dispatched(model=fault.model, provider=fault.provider, lane=lane, **asked)
    above = tuple(tuple(Candidate(model=name, provider=STEADY) for name in tier) for tier in LANE_TIERS)
    first = tuple(Candidate(model=fault.model, provider=name) for name in (fault.provider, STEADY))
    attempt = event.attempt.model_copy(update={"plan": Plan(tiers=(first, *above))})
    return event.model_copy(update={"attempt": attempt})


async def called(fault: Fault, portfolio: Portfolio) -> AttemptEnded:
    """What the worker says of the attempt."""
    event = attempt_of(fault)
    providers = Providers(fault.provider, {KEY: "any"}, MOST_BYTES)
    cap, spans = SpendCap(), LeanSpans([].append)
    calls = ModelCalls(
        providers,
        Breakers(fault.provider, "tests"),
        RateLimits(),
        OnlyRevision(portfolio).awaited,
        Vault(ObjectStore(ObjectsConfig(url=f"memory://{uuid4().hex}")), SealingConfig()),
        lambda _: None,
        spans,
        MOST_BYTES,
        held,
        late=LateCalls(Desk(lambda: 1), cap, spans, 0.0),
        cap=cap,
    )
    try:
        claim = Claim(event.attempt.attempt_id, 1, event.to_json(), TRACEPARENT, 20.0, taken_over=False, taken_at=0.0)
        return (await calls.perform(claim)).event
    finally:
        await providers.close()


def next_of(said: AttemptEnded, fault: Fault, portfolio: Portfolio) -> RequestEscalated | RequestFailed | None:
    """What escalation says next, once the validator has judged; ``None`` when the answer is accepted."""
    handlers = Handlers(OnlyRevision(portfolio))
    received = Received("attempt.failed", 0, 7, datetime.now(UTC))
    if isinstance(said, AttemptFailed):
        reaction = handlers.on_attempt_failed(said, received)
    else:
        question = Question.read(said.body.text())
        wanted = wanted_by(portfolio.lanes[fault.name].checks, question.checks)
        judged = judge(said, question, wanted, SchemaChecker(kept=4))
        if not isinstance(judged, AttemptRejected):
            return None
        reaction = handlers.on_attempt_rejected(judged, received)
    (next_said,) = reaction.writes[0].then[DONE]
    assert isinstance(next_said, Said)
    assert isinstance(next_said.event, RequestEscalated | RequestFailed)
    return next_said.event


def calls_of(simulator: SimulatorProcess, attempt_id: UUID) -> list[LoggedCall]:
    """What stands in the provider's book of this attempt."""
    return [call for call in simulator.calls() if call.attempt_id == attempt_id]


def billed_micro_usd(call: LoggedCall) -> int:
    """What the provider's bill says, at the portfolio's price."""
    read, written = PRICES[call.provider]
    return call.billed.input_tokens * read + call.billed.output_tokens * written


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_a_fault_is_typed_followed_and_booked(
    fault: Fault, simulator: SimulatorProcess, portfolio: Portfolio
) -> None:
    said = await called(fault, portfolio)
    heard_by_ms = time.time() * 1000
    after = next_of(said, fault, portfolio)
    assert (after.reason if after else None) == fault.reason
    assert (after.action if isinstance(after, RequestEscalated) else None) == fault.then
    if fault.wait_s is not None:
        assert isinstance(said, AttemptFailed)
        assert said.retry_after_ms is not None
        [call] = calls_of(simulator, said.attempt.attempt_id)
        assert least_wait_ms(fault.wait_s, call, heard_by_ms) <= said.retry_after_ms <= fault.wait_s * 1000
    calls = calls_of(simulator, said.attempt.attempt_id)
    assert len(calls) <= 1, "nothing is retried behind the pipeline's back"
    assert_booked(said, fault.cost, sum(map(billed_micro_usd, calls)))


def assert_booked(said: AttemptEnded, cost: Money, bill: int) -> None:
    """The cost is what was billed, or is said to be something else."""
    match cost:
        case Money.NOTHING:
            assert (said.cost.kind, said.cost.micro_usd, bill) == (CostKind.KNOWN, 0, 0)
        case Money.TOLD:
            assert (said.cost.kind, said.usage.estimated) == (CostKind.KNOWN, False)
            assert said.cost.micro_usd == bill > 0
        case Money.ESTIMATED:
            assert (said.cost.kind, said.usage.estimated) == (CostKind.KNOWN, True)
            assert said.cost.micro_usd > 0
        case Money.BOUNDED | Money.LATE | Money.LATE_NOTHING:
            assert said.cost.kind == CostKind.BOUNDED


def test_the_table_in_the_docs_is_this_one() -> None:
    lines = (ROOT / "docs" / "provider-faults.md").read_text().splitlines()
    assert [line for line in lines if line.startswith("|")] == table()


@pytest.mark.parametrize("name", ["endless_body", "gzip_bomb"])
async def test_what_is_too_large_is_not_held_in_memory(name: str, portfolio: Portfolio) -> None:
    fault = next(fault for fault in FAULTS if fault.name == name)
    await called(FAULTS[0], portfolio)  # so that what is loaded for any call is not counted
    tracemalloc.start()
    try:
        said = await called(fault, portfolio)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(said, AttemptFailed)
    assert said.reason is Reason.BAD_ANSWER
    assert peak < MOST_HELD_BYTES


@pytest.mark.parametrize("fault", [f for f in FAULTS if f.reason is Reason.UNAUTHORIZED], ids=lambda fault: fault.name)
async def test_the_operator_is_told_once_who_refuses_our_key(
    fault: Fault, portfolio: Portfolio, caplog: pytest.LogCaptureFixture
) -> None:
    await called(fault, portfolio)
    [told] = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert f"provider {fault.provider} is set aside" in told
    assert "api_key_env" in told


async def test_another_model_than_the_one_asked_is_named(portfolio: Portfolio) -> None:
    fault = next(fault for fault in FAULTS if fault.name == "another_model")
    said = await called(fault, portfolio)
    assert isinstance(said, AttemptCompleted)
    assert (said.attempt.model, said.answered_by) == (fault.model, "another-model-2026")


async def test_no_words_of_the_provider_and_none_of_the_prompt_are_in_a_detail(portfolio: Portfolio) -> None:
    for fault in FAULTS:
        if fault.wait_s is None and fault.reason is not None:
            said = await called(fault, portfolio)
            told = said.detail if isinstance(said, AttemptFailed) else ""
            assert "simulat" not in told
            assert "Monday" not in told
