"""Lines of a batch that are tried again, and such as are long: memory stays bounded, and nothing is said too late."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from batch_trials import Trial, line

from schemas.outcome import RequestCompleted, RequestFailed
from schemas.request import RequestSubmitted
from schemas.standing import PortfolioRevised
from services.gateway.adapters import batch_line_run, batch_output, batch_run
from services.gateway.adapters.batch_leases import LeaseLost
from services.gateway.adapters.batch_line_text import KEPT_BYTES, LineText
from services.gateway.adapters.batch_lines import AskedLine
from services.gateway.adapters.batch_places import Seat, Stop
from services.gateway.adapters.batch_run import MOST_BULKY
from services.gateway.adapters.gate import Gate, Visit
from services.gateway.domain.batch import BatchStatus, Times

Make = Callable[..., RequestCompleted]
Fail = Callable[..., RequestFailed]
WITHIN_S = 10
BEGUN = {"status": BatchStatus.IN_PROGRESS, "times": Times(in_progress_at=datetime.now(UTC))}
LONG = "x" * KEPT_BYTES


@pytest.fixture
def trial(revised: PortfolioRevised, make_completed: Make, monkeypatch: pytest.MonkeyPatch) -> Trial:
    monkeypatch.setattr(batch_line_run, "pause_s", lambda problem, tries: 0.01)
    monkeypatch.setattr(batch_run, "RENEW_S", 0.01)
    monkeypatch.setattr(batch_output, "FLUSH_S", 0.01)
    return Trial(revised, lambda asked: make_completed(asked.request_id))


def long_lines(trial: Trial, count: int) -> UUID:
    """A batch of long lines, each in a part of its own."""
    return trial.store.add(trial.files.add(*(line(str(n), LONG) for n in range(count))), total=count, **BEGUN)


def turned_away_once(trial: Trial, count: int, make_failed: Fail) -> None:
    answered = trial.pipeline

    def away(asked: RequestSubmitted) -> RequestCompleted | RequestFailed | None:
        if len(trial.said) <= count:
            return make_failed(asked.request_id, reason="escalation_capped", cost_usd="0")
        return answered(asked)

    trial.pipeline = away


async def driven(trial: Trial) -> None:
    async with asyncio.timeout(WITHIN_S):
        await (await trial.run())


async def test_long_lines_that_are_tried_again_are_not_all_in_memory(
    trial: Trial, make_failed: Fail, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, held = list[LineText](), list[int]()

    class Noted(LineText):
        def __init__(self, *told: Any) -> None:
            super().__init__(*told)
            texts.append(self)

    class Slow(Gate):
        async def visit_of(self, key_id: str | None) -> Visit:
            await asyncio.sleep(0.002)  # all the others come here meanwhile, if they may
            held.append(sum(len(each.line.body) > KEPT_BYTES for each in texts))
            return await super().visit_of(key_id)

    monkeypatch.setattr(batch_run, "LineText", Noted)
    trial.gate, trial.settings = Slow(), {"max_inline_bytes": KEPT_BYTES}
    long_lines(trial, 20)
    turned_away_once(trial, 20, make_failed)
    await driven(trial)
    assert len(trial.said) == 40
    assert 0 < max(held) <= MOST_BULKY


async def test_a_line_that_is_read_again_is_read_where_it_stands(trial: Trial, make_failed: Fail) -> None:
    count, parts_read, content = 30, list[int](), trial.files.content

    async def counted(file_id: UUID, since: int = 0) -> AsyncIterator[bytes]:
        async for part in content(file_id, since):
            parts_read.append(since)
            yield part

    trial.files.content = counted  # type: ignore[method-assign]
    long_lines(trial, count)
    turned_away_once(trial, count, make_failed)
    await driven(trial)
    assert len(trial.said) == 2 * count
    assert {len(str(each.messages)) for each in trial.said} == {len(str(trial.said[0].messages))}
    assert len(trial.files.told) == count
    assert len(parts_read) <= 3 * count, "each once from the beginning, and once more"


async def test_nothing_is_said_once_the_batch_is_cancelled(trial: Trial) -> None:
    batch = trial.store.add(trial.files.add(line("a")), total=1, **BEGUN)
    ask = trial.store.lines.ask

    async def cancelled_meanwhile(*told: Any) -> AskedLine:
        found = await ask(*told)
        trial.store.change(batch, status=BatchStatus.CANCELLING)
        await stopped.wait()
        return found

    stopped = noted_stop(trial)
    trial.store.lines.ask = cancelled_meanwhile  # type: ignore[method-assign]
    await driven(trial)
    assert (trial.said, trial.store.batches[batch].status) == ([], BatchStatus.CANCELLED)
    assert "before this request was executed" in trial.files.told["a"]["error"]["message"]


async def test_a_line_is_not_said_again_once_the_batch_is_cancelled(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_line_run, "LAST_WORD_S", 0.01)
    batch = trial.store.add(trial.files.add(line("a")), total=1, **BEGUN)
    known = trial.store.asked[1] = AskedLine(1, 0, uuid4(), datetime.now(UTC))
    stopped = noted_stop(trial)

    class Cancelled(Gate):
        async def visit_of(self, key_id: str | None) -> Visit:
            trial.store.change(batch, status=BatchStatus.CANCELLING)
            await stopped.wait()
            return await super().visit_of(key_id)

    trial.gate = Cancelled()
    await driven(trial)
    assert (trial.said, trial.cancelled) == ([], [known.request_id])
    assert "no answer came" in trial.files.told["a"]["error"]["message"]


async def test_a_long_line_that_was_erased_before_it_is_tried_again_is_not_said(
    trial: Trial, make_failed: Fail
) -> None:
    batch = long_lines(trial, 2)
    [first, _] = parts = trial.files.contents[trial.store.batches[batch].input_file_id]
    answered = trial.pipeline

    def erased(asked: RequestSubmitted) -> RequestCompleted | RequestFailed | None:
        if parts[0].isspace():
            return answered(asked)
        parts[0] = b" " * (len(first) - 1) + b"\n"
        return make_failed(asked.request_id, reason="escalation_capped", cost_usd="0")

    trial.pipeline = erased
    await driven(trial)
    assert (len(trial.said), set(trial.files.told)) == (2, {"1"})
    assert trial.store.batches[batch].tally[:2] == (1, 1)


async def test_who_lost_the_batch_to_another_writes_nothing(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_run, "RENEW_S", 60)
    batch = trial.store.add(trial.files.add(line("a")), total=1, **BEGUN)
    answered = trial.pipeline

    def lost(asked: RequestSubmitted) -> RequestCompleted | RequestFailed | None:
        trial.store.fences[batch] += 1
        return answered(asked)

    trial.pipeline = lost
    with pytest.RaisesGroup(LeaseLost):
        await driven(trial)
    assert (trial.store.batches[batch].status, trial.store.ended) == (BatchStatus.IN_PROGRESS, set())


async def test_who_waits_for_a_seat_goes_without_once_no_further_line_is_asked() -> None:
    seats, stop = asyncio.Semaphore(1), Stop()
    taken, waits, left = Seat(seats), Seat(seats), Seat(seats)
    await taken.take(stop)
    waiting, leaving = (asyncio.create_task(each.take(stop)) for each in (waits, left))
    await asyncio.sleep(0)
    leaving.cancel()
    stop.set("batch_cancelled")
    await asyncio.wait({waiting, leaving}, timeout=WITHIN_S)
    assert [each.is_taken for each in (taken, waits, left)] == [True, False, False]
    taken.leave()
    await waits.take(stop)
    assert waits.is_taken, "none was lost on the way"
    assert seats.locked()


def noted_stop(trial: Trial) -> asyncio.Event:
    """Set some steps after a replica has seen that the batch is cancelled."""
    stopped, renew = asyncio.Event(), trial.store.leases.renew

    async def noted(leased: Any) -> Any:
        renewed = await renew(leased)
        if renewed.status is BatchStatus.CANCELLING:
            asyncio.get_running_loop().call_later(0.02, stopped.set)
        return renewed

    trial.store.leases.renew = noted  # type: ignore[method-assign]
    return stopped
