"""Every fault of a provider at once, beside normal traffic, through the whole pipeline; books reconciled at the end."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from own_ports import free_port
from prometheus_client.parser import text_string_to_metric_families
from provider_faults import (
    CALM,
    FAULTS,
    FORBIDDEN,
    LOCKED,
    PRICES,
    SHORT_S,
    SLOW,
    STEADY,
    UNPAID,
    Fault,
    Money,
    document,
    least_wait_ms,
)
from simulator.call_log import LoggedCall
from simulator.process import SimulatorProcess

from infra.local.bus import bus_config
from infra.local.kafka import EmbeddedKafka
from infra.local.parts import Addresses
from infra.local.postgres import EmbeddedPostgres
from infra.local.services import apply_portfolio
from pipeline.kafka_log import Client, Log, Record
from pipeline.requests import Ledger
from pipeline.spans import Collector
from pipeline.stack import Background, Services, new_database
from pipeline.waiting import until
from schemas.attempt import AttemptFailed
from schemas.content import Json
from schemas.ids import attempt_id_of
from schemas.outcome import RequestCompleted, RequestFailed
from schemas.portfolio import Portfolio
from schemas.standing import BreakerChanged
from schemas.vocabulary import Action, BreakerState, Reason

PREFIX = "faults."
NORMAL = 60
LATE_S = 10 * SHORT_S
BARRED = {
    (model, fault.provider, Reason.UNAUTHORIZED)
    for fault in FAULTS
    if fault.reason is Reason.UNAUTHORIZED
    for model in (fault.model, f"twin-{fault.provider}")
}
ENDINGS = ("answered", "refused", "unknown", "silent", "cut")
NEVER_END = ("no_first_byte", "hangs_in_the_middle")
EACH = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)


@dataclass(frozen=True, slots=True)
class Told:
    """What was said of a request, its story in the ledger, and the calls of each attempt in the providers' books."""

    request_id: UUID
    ends: list[Record]
    failed: list[Record]
    story: Json
    calls: dict[int, list[LoggedCall]]

    @property
    def end(self) -> RequestCompleted | RequestFailed:
        (only,) = self.ends
        assert isinstance(only.event, RequestCompleted | RequestFailed)
        return only.event

    @property
    def failures(self) -> list[AttemptFailed]:
        events = (record.event for record in self.failed)
        return [event for event in events if isinstance(event, AttemptFailed)]

    @property
    def first(self) -> Json:
        """The attempt that met the fault."""
        return self.story["attempts"][0]


@dataclass(frozen=True, slots=True)
class Run:
    """All requests of the run, by the fault that they met; those that met none; what was said of breakers; and how
    many late calls ended in which way."""

    faults: dict[str, Told]
    normal: list[Told]
    breakers: list[BreakerChanged]
    late: dict[str, float]


@pytest.fixture(scope="module")
def simulator(scratch: Path) -> Iterator[SimulatorProcess]:
    with SimulatorProcess(scratch / "faults", free_port()) as running:
        yield running


@pytest.fixture(scope="module")
def run(
    background: Background,
    kafka: EmbeddedKafka,
    postgres: EmbeddedPostgres,
    collector: Collector,
    simulator: SimulatorProcess,
) -> Iterator[Run]:
    """Services of their own, all faults and the normal traffic among them at once, and what came of it."""
    portfolio = Portfolio.of(document(simulator.address, free_port()))
    database = background.run(new_database(postgres.address, "faults"))
    addresses = Addresses(kafka.address, database, "", collector.otlp, None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOPIC_PREFIX", PREFIX)
        patch.setenv("MODEL_WORKER_LATE_S", str(LATE_S))
        background.run(apply_portfolio(portfolio, addresses, bus_config(addresses)))
        services = Services(background, portfolio, addresses, (free_port(), free_port()))
        services.start()
    log, client = Log(kafka.address, PREFIX), Client(kafka.address, PREFIX)
    try:
        yield _sent(log, client, services, simulator)
    finally:
        client.close()
        log.close()
        services.stop()


def _sent(log: Log, client: Client, services: Services, simulator: SimulatorProcess) -> Run:
    ledger = Ledger(services.ledger)
    calm: Json = {"messages": [{"role": "user", "content": "When is it open?"}], "lane": CALM}
    normal = [_submit(client, calm) for _ in range(NORMAL // 2)]
    faults = {fault.name: _submit(client, fault.request()) for fault in FAULTS}
    normal += [_submit(client, calm) for _ in range(NORMAL - len(normal))]
    ids = [*faults.values(), *normal]
    for request_id in ids:
        log.end_of(request_id)
    calls = _calls(simulator)
    late = {faults[fault.name] for fault in FAULTS if fault.cost in (Money.LATE, Money.LATE_NOTHING)}
    holds = dict.fromkeys(late, _is_settled)
    late_calls = until(lambda: _late_calls(services), "every late call is over")
    stories = {request_id: ledger.story(request_id, holds.get(request_id)) for request_id in ids}
    log.until(lambda: len(_set_aside(_breakers(log))) >= len(BARRED), "the providers that refuse our key are set aside")
    log.catch_up()
    told = {request_id: _told(log, request_id, stories[request_id], calls) for request_id in ids}
    met = {name: told[each] for name, each in faults.items()}
    return Run(met, [told[each] for each in normal], _breakers(log), late_calls)


def _late_calls(services: Services) -> dict[str, float]:
    """How many ended in which way, once all have."""
    told = httpx.get(f"{services.health}/metrics", trust_env=False, timeout=10).text
    samples = [sample for family in text_string_to_metric_families(told) for sample in family.samples]
    if any(each.value for each in samples if each.name == "portfolio_late_calls_running"):
        return {}
    ended = [each for each in samples if each.name == "portfolio_late_calls_total"]
    return {way: sum(each.value for each in ended if each.labels["ending"] == way) for way in ENDINGS}


def _is_settled(story: Json) -> bool:
    return story["attempts"][0]["settled_at"] is not None


def _breakers(log: Log) -> list[BreakerChanged]:
    events = (record.event for record in log.on("breaker.changed"))
    return [event for event in events if isinstance(event, BreakerChanged)]


def _set_aside(breakers: list[BreakerChanged]) -> set[tuple[str, str, str]]:
    """Model, provider and reason of the paths that are open until somebody closes them."""
    return {(b.model, b.provider, b.reason) for b in breakers if b.state == BreakerState.OPEN and b.until is None}


def _submit(client: Client, request: Json) -> UUID:
    request_id = uuid4()
    client.send("request.submitted", json.dumps({**request, "request_id": str(request_id)}).encode())
    return request_id


def _calls(simulator: SimulatorProcess) -> list[LoggedCall]:
    """The providers' books, when all calls that nobody waits for have ended, too."""
    return until(lambda: _all_ended(simulator.calls()), "the providers end every call")


def _all_ended(calls: list[LoggedCall]) -> list[LoggedCall]:
    return calls if all(call.ended_at for call in calls) else []


def _told(log: Log, request_id: UUID, story: Json, calls: list[LoggedCall]) -> Told:
    numbers = {attempt_id_of(request_id, attempt["number"]): attempt["number"] for attempt in story["attempts"]}
    mine: dict[int, list[LoggedCall]] = {number: [] for number in numbers.values()}
    for call in calls:
        if call.attempt_id in numbers:
            mine[numbers[call.attempt_id]].append(call)
    ends = log.of(request_id, "request.completed", "request.failed")
    return Told(request_id, ends, log.of(request_id, "attempt.failed"), story, mine)


def billed_micro_usd(calls: list[LoggedCall]) -> int:
    """What the providers' bills say, at the portfolio's prices."""
    return sum(
        call.billed.input_tokens * PRICES[call.provider][0] + call.billed.output_tokens * PRICES[call.provider][1]
        for call in calls
    )


@EACH
def test_a_fault_has_its_reason(run: Run, fault: Fault) -> None:
    first = run.faults[fault.name].first
    assert (first["provider"], first["model"], first["reason"]) == (fault.provider, fault.model, fault.reason)


@EACH
def test_the_next_step_fits_the_fault(run: Run, fault: Fault) -> None:
    told = run.faults[fault.name]
    steps = [(step["action"], step["reason"]) for step in told.story["escalations"]]
    assert steps[:1] == ([(fault.then, fault.reason)] if fault.then else [])


@EACH
def test_a_request_that_met_a_fault_is_answered_all_the_same_or_told_why_not(run: Run, fault: Fault) -> None:
    end = run.faults[fault.name].end
    if fault.reason and not fault.then:
        assert isinstance(end, RequestFailed)
        assert end.reason == fault.reason
        assert "invalid_value" in end.detail, "the provider's own code says what is wrong"
        return
    assert isinstance(end, RequestCompleted)
    assert end.provider == (STEADY if fault.then else fault.provider)


@EACH
def test_a_fault_costs_what_was_billed_or_is_said_to_be_bounded(run: Run, fault: Fault) -> None:
    told = run.faults[fault.name]
    bill, booked = billed_micro_usd(told.calls[1]), told.first["cost_micro_usd"]
    told_kind = (told.first["cost_kind"], told.first["tokens_estimated"])
    match fault.cost:
        case Money.NOTHING:
            assert (booked, bill, told_kind[0]) == (0, 0, "known")
        case Money.TOLD:
            assert booked == bill > 0
            assert told_kind == ("known", False)
        case Money.ESTIMATED:
            assert booked > 0
            assert told_kind == ("known", True)
        case Money.BOUNDED:
            assert booked >= bill > 0
            assert told_kind[0] == "bounded"
        case Money.LATE:
            assert booked == bill > 0
            assert told_kind == ("known", False)
        case Money.LATE_NOTHING:
            assert (booked, bill, told_kind[0]) == (0, 0, "known")


def test_no_attempt_is_called_twice_and_no_request_is_answered_twice(run: Run) -> None:
    for told in (*run.faults.values(), *run.normal):
        assert len(told.ends) == 1
        assert all(len(calls) <= 1 for calls in told.calls.values()), told.story["request"]


def test_what_a_provider_asks_to_wait_is_passed_on(run: Run) -> None:
    for fault in FAULTS:
        if fault.wait_s is not None:
            told = run.faults[fault.name]
            [failed], [said], [call] = told.failures, told.failed, told.calls[1]
            assert failed.retry_after_ms is not None
            assert least_wait_ms(fault.wait_s, call, said.timestamp_ms) <= failed.retry_after_ms <= fault.wait_s * 1000


@pytest.mark.parametrize("provider", [LOCKED, FORBIDDEN, UNPAID])
def test_a_provider_that_refuses_our_key_is_asked_for_no_other_model(run: Run, provider: str) -> None:
    """The tier has another model, which that provider serves cheaper than the steady one serves anything."""
    told = next(run.faults[fault.name] for fault in FAULTS if fault.provider == provider)
    assert [attempt["provider"] for attempt in told.story["attempts"]] == [provider, STEADY]
    excluded = {each["model"]: each["why"] for each in told.story["attempts"][1]["exclusions"]}
    assert f"twin-{provider}" in excluded


def test_a_provider_that_refuses_our_key_is_set_aside_with_all_its_models_and_no_other_is(run: Run) -> None:
    assert _set_aside(run.breakers) == BARRED
    assert not [breaker for breaker in run.breakers if breaker.provider == STEADY]


def test_what_was_too_long_goes_past_a_model_whose_context_is_no_longer(run: Run) -> None:
    told = run.faults["context_too_long"]
    assert [attempt["model"] for attempt in told.story["attempts"]] == ["model-context_too_long", "long-context"]


def test_an_answer_that_cannot_be_mended_goes_up(run: Run) -> None:
    told = run.faults["broken_tool_call"]
    assert [step["action"] for step in told.story["escalations"]] == [Action.REPAIR, Action.UP]


def test_another_model_than_the_one_asked_is_in_the_ledger(run: Run) -> None:
    assert run.faults["another_model"].first["answered_by"] == "another-model-2026"


def test_a_success_that_comes_too_late_is_booked_as_it_was_billed_and_answers_nobody(run: Run) -> None:
    told = run.faults["late_success"]
    [call] = told.calls[1]
    assert call.heard, "the worker had read on"
    [failed] = told.failures
    assert (failed.cost.kind, failed.cost.micro_usd > billed_micro_usd([call]) > 0) == ("bounded", True)
    assert (told.first["outcome"], told.first["checks"], told.end.attempts) == ("failed", [], 2)
    assert told.first["settled_late_ms"] > 0


@pytest.mark.parametrize("name", NEVER_END)
def test_a_call_that_never_ends_stays_bounded(run: Run, name: str) -> None:
    first = run.faults[name].first
    assert (first["cost_kind"], first["settled_at"]) == ("bounded", None)


def test_what_came_of_each_late_call_is_counted(run: Run) -> None:
    late_faults = Counter(fault.cost for fault in FAULTS if fault.provider == SLOW)
    assert run.late["answered"] == late_faults[Money.LATE]
    assert run.late["refused"] == late_faults[Money.LATE_NOTHING]
    assert run.late["silent"] >= len(NEVER_END)
    assert run.late["cut"] == 0


def test_normal_traffic_is_untouched(run: Run) -> None:
    """Each request is answered at once by the provider that it is meant for, at what that costs, and never moved."""
    for told in run.normal:
        assert isinstance(told.end, RequestCompleted)
        assert (told.end.provider, told.end.attempts) == (STEADY, 1)
        assert told.first["cost_micro_usd"] == billed_micro_usd(told.calls[1])
    roads = Counter(len(told.story["escalations"]) for told in run.normal)
    assert roads == {0: NORMAL}
