"""One batch driven to its end, whatever stands in its way: nothing waits for ever, no answer is lost."""

import asyncio
import dataclasses
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from batch_trials import DAY, Trial, line
from http_waits import until

from schemas.outcome import RequestCompleted, RequestFailed
from schemas.request import RequestSubmitted
from schemas.standing import PortfolioRevised
from services.gateway.adapters import batch_input, batch_line_run, batch_output, batch_run, batches
from services.gateway.adapters.aside import AT_ONCE_BYTES
from services.gateway.adapters.batch_lines import AskedLine
from services.gateway.adapters.gate import Gate, Visit
from services.gateway.adapters.large_requests import LargeRequests
from services.gateway.domain.batch import BatchStatus, Times
from services.gateway.domain.dialect import OPENAI
from services.gateway.domain.problems import INVALID, Problem, Refused, no_key

Make = Callable[..., RequestCompleted]
Fail = Callable[..., RequestFailed]
WITHIN_S = 10
NOW = datetime.now(UTC)
BEGUN = {"status": BatchStatus.IN_PROGRESS, "times": Times(in_progress_at=NOW)}
PAST = {"status": BatchStatus.FINALIZING, "times": Times(in_progress_at=NOW), "expires_at": NOW - DAY}
CANCELLING = {"status": BatchStatus.CANCELLING, "times": Times(in_progress_at=NOW)}


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes again and again comes soon."""
    monkeypatch.setattr(batch_line_run, "pause_s", lambda problem, tries: 0.01)
    for module, name in (
        (batch_run, "RENEW_S"),
        (batch_input, "AWAY_S"),
        (batch_output, "FLUSH_S"),
        (batches, "LOOK_S"),
        (batches, "LONGEST_PAUSE_S"),
    ):
        monkeypatch.setattr(module, name, 0.01)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is under way when a batch is stopped does not end, and is soon given up."""
    monkeypatch.setattr(batch_line_run, "LAST_WORD_S", 0.01)
    monkeypatch.setattr(batch_run, "GRACE_S", 0.01)


@pytest.fixture
def trial(revised: PortfolioRevised, make_completed: Make) -> Trial:
    def answered(asked: RequestSubmitted) -> RequestCompleted:
        return make_completed(asked.request_id)

    return Trial(revised, answered)


def text_of(asked: RequestSubmitted) -> str:
    return str(asked.messages[-1]["content"])


def asked_before(trial: Trial, *numbers: int) -> list[UUID]:
    ids = [uuid4() for _ in numbers]
    for number, request_id in zip(numbers, ids, strict=True):
        trial.store.asked[number] = AskedLine(number, 0, request_id, datetime.now(UTC))
    return ids


async def driven(trial: Trial) -> None:
    async with asyncio.timeout(WITHIN_S):
        await (await trial.run())


@pytest.mark.usefixtures("impatient")
async def test_a_stop_waits_for_no_line_that_was_never_said(trial: Trial) -> None:
    trial.settings = {"batch_in_flight": 1}
    batch = trial.store.add(trial.files.add(*(line(str(n)) for n in range(4))), total=4, **CANCELLING)
    ids = asked_before(trial, 1, 2)
    await driven(trial)
    assert (trial.store.batches[batch].status, trial.said) == (BatchStatus.CANCELLED, [])
    assert trial.cancelled == ids, "one of them may be under way"
    told = trial.files.told
    assert [told[name]["id"] for name in "01"] == [f"batch_req_{each.hex}" for each in ids]
    assert "no answer came" in told["0"]["error"]["message"]
    assert "before this request was executed" in told["3"]["error"]["message"]
    assert len({each["id"] for each in told.values()}) == 4


async def test_lines_that_wait_to_be_tried_again_hold_up_no_other(
    trial: Trial, make_failed: Fail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_line_run, "pause_s", lambda problem, tries: 60)
    turned_away = trial.pipeline

    def stuck(asked: RequestSubmitted) -> RequestCompleted | RequestFailed | None:
        if text_of(asked) == "stuck":
            return make_failed(asked.request_id, reason="no_eligible_model", cost_usd="0")
        return turned_away(asked)

    trial.pipeline, trial.settings = stuck, {"batch_in_flight": 2}
    batch = trial.store.add(trial.files.add(*(line(f"s{n}", "stuck") for n in range(4)), line("good")))
    run = await trial.run()
    await until(lambda: "good" in trial.files.told)
    trial.store.change(batch, status=BatchStatus.CANCELLING)
    async with asyncio.timeout(WITHIN_S):
        await run
    assert len(trial.files.told) == 5


async def test_a_line_that_is_turned_away_for_ever_has_that_as_its_outcome(trial: Trial, make_failed: Fail) -> None:
    trial.pipeline = lambda asked: make_failed(asked.request_id, reason="no_eligible_model", cost_usd="0")
    batch = trial.store.add(trial.files.add(line("a")))
    await driven(trial)
    assert len({each.request_id for each in trial.said}) == batch_line_run.MOST_TRIES
    assert trial.files.told["a"]["response"]["status_code"] == 503
    assert trial.store.batches[batch].status == BatchStatus.COMPLETED


@pytest.mark.usefixtures("impatient")
async def test_a_batch_whose_input_cannot_be_read_is_cancelled_with_what_is_known(trial: Trial) -> None:
    trial.pipeline = lambda asked: None
    batch = trial.store.add(trial.files.add(line("a"), line("b")), total=2, **BEGUN)
    trial.files.unread = no_key("SEALING_KEYS has no key")
    run = await trial.run()
    await until(lambda: len(trial.said) == 1)
    trial.store.change(batch, status=BatchStatus.CANCELLING)
    async with asyncio.timeout(WITHIN_S):
        await run
    assert trial.cancelled == [trial.said[0].request_id]
    assert trial.store.batches[batch].status == BatchStatus.CANCELLED
    assert set(trial.files.told) == {"a"}


async def test_a_bound_that_became_lower_meanwhile_is_not_that_of_checked_lines(trial: Trial) -> None:
    trial.settings = {"max_body_bytes": 1_000, "max_inline_bytes": 1_000}
    batch = trial.store.add(trial.files.add(line("a"), line("b", "long" * 400)), total=2, **BEGUN)
    trial.settings = {"max_body_bytes": 1_000}
    await driven(trial)
    assert trial.store.batches[batch].status == BatchStatus.COMPLETED
    assert set(trial.files.told) == {"a", "b"}


async def test_a_large_line_is_taken_apart_beside_the_loop(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    waited, loop = list[bool](), asyncio.get_running_loop()

    def slow(work: Callable[..., object]) -> Callable[..., object]:
        def waits(raw: bytes, *told: object) -> object:
            if len(raw) > AT_ONCE_BYTES:
                served = threading.Event()
                loop.call_soon_threadsafe(served.set)
                waited.append(served.wait(WITHIN_S))  # on the loop it would wait in vain
            return work(raw, *told)

        return waits

    for name in ("line_of", "read_line"):
        monkeypatch.setattr(batch_input, name, slow(getattr(batch_input, name)))
    chats = dataclasses.replace(OPENAI, asked_of=slow(OPENAI.asked_of))
    monkeypatch.setattr(batch_run, "DIALECTS", {OPENAI.path: chats})
    trial.store.add(trial.files.add(line("small"), line("large", "x" * AT_ONCE_BYTES)))
    await driven(trial)
    assert waited == [True] * 3, "when it is checked, read and asked"
    assert set(trial.files.told) == {"small", "large"}


async def test_too_many_lines_are_told_once(trial: Trial) -> None:
    trial.settings = {"batch_max_lines": 1}
    batch = trial.store.add(trial.files.add(*(line(str(n)) for n in range(9))))
    await driven(trial)
    assert [each.code for each in trial.store.batches[batch].errors] == ["too_many_tasks"]


async def test_an_error_of_one_line_is_its_outcome(trial: Trial, make_completed: Make) -> None:
    def broken(asked: RequestSubmitted) -> RequestCompleted:
        if text_of(asked) == "break":
            raise ValueError("broken")
        return make_completed(asked.request_id)

    trial.pipeline = broken
    batch = trial.store.add(trial.files.add(line("a", "break"), line("b")))
    await driven(trial)
    assert trial.store.batches[batch].status == BatchStatus.COMPLETED
    assert trial.files.told["a"]["response"]["status_code"] == 500
    assert trial.files.told["b"]["response"]["status_code"] == 200


async def test_nothing_more_is_asked_while_nothing_can_be_written(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_output, "FLUSH_LINES", 4)
    trial.settings = {"batch_in_flight": 2}
    trial.files.taking.clear()
    trial.store.add(trial.files.add(*(line(str(n)) for n in range(100))))
    run = await trial.run()
    before = -1
    while before != len(trial.said):
        before = len(trial.said)
        for _ in range(100):
            await asyncio.sleep(0)
    assert before < 20
    trial.files.taking.set()
    async with asyncio.timeout(WITHIN_S):
        await run
    assert len(trial.files.told) == 100


async def test_an_answer_that_was_paid_is_told_under_a_key_that_is_revoked(trial: Trial, make_completed: Make) -> None:
    class Revoked(Gate):
        async def visit_of(self, key_id: str | None) -> Visit:
            raise Refused(Problem(401, INVALID, "key_revoked", "revoked"))

    trial.gate = Revoked()
    trial.store.add(trial.files.add(line("a"), line("b")), total=2, **BEGUN)
    [paid] = asked_before(trial, 1)
    trial.log[paid] = make_completed(paid)
    await driven(trial)
    told = trial.files.told
    assert [told[name]["response"]["status_code"] for name in "ab"] == [200, 401]


@pytest.mark.usefixtures("impatient")
async def test_lines_take_no_place_from_other_requests(trial: Trial) -> None:
    trial.pipeline = lambda asked: None
    batch = trial.store.add(trial.files.add(*(line(str(n)) for n in range(10))))
    run = await trial.run()
    await until(lambda: len(trial.said) == 10)
    assert not any(trial.load.under_way.values())
    trial.store.change(batch, expires_at=NOW - DAY)
    async with asyncio.timeout(WITHIN_S):
        await run
    assert trial.load.most == {}
    assert trial.store.batches[batch].status == BatchStatus.EXPIRED


def test_lines_leave_places_of_large_requests_to_others() -> None:
    large = LargeRequests(None, 4, 1_000)  # type: ignore[arg-type]
    with large.place(2) as one, large.place(2) as two, large.place(2) as three, large.place() as other:
        one.take()
        two.take()
        with pytest.raises(Refused):
            three.take()
        other.take()
    with LargeRequests(None, 1, 1_000).place(2) as alone:  # type: ignore[arg-type]
        alone.take()


async def test_a_batch_that_was_finalizing_runs_out_where_a_line_is_turned_away(
    trial: Trial, make_failed: Fail
) -> None:
    batch = trial.store.add(trial.files.add(line("a")), total=1, **PAST)
    [known] = asked_before(trial, 1)
    trial.log[known] = make_failed(known, reason="no_eligible_model", cost_usd="0")
    await driven(trial)
    assert trial.store.batches[batch].status == BatchStatus.EXPIRED
    assert trial.files.told["a"]["error"]["code"] == "batch_expired"


async def test_a_batch_that_was_finalizing_and_has_all_its_answers_has_completed(
    trial: Trial, make_completed: Make
) -> None:
    batch = trial.store.add(trial.files.add(line("a")), total=1, **PAST)
    [known] = asked_before(trial, 1)
    trial.log[known] = make_completed(known)
    await driven(trial)
    assert trial.store.batches[batch].status == BatchStatus.COMPLETED


async def test_a_batch_that_fails_again_and_again_is_given_back_and_fails_at_last(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ValueError("broken")

    monkeypatch.setattr(trial.store, "known", broken)
    batch = trial.store.add(trial.files.add(line("a")))
    driving = asyncio.create_task(trial.batches().drive(trial.asking()))
    await until(lambda: trial.store.batches[batch].status == BatchStatus.FAILED)
    assert trial.store.fences[batch] == batches.MOST_FAILURES
    assert [each.code for each in trial.store.batches[batch].errors] == ["internal_error"]
    driving.cancel()
    await asyncio.gather(driving, return_exceptions=True)
