"""Calls that were given up at their time and are read on for a while, so that what they cost is known.

They answer nobody: a breaker, a rate limit and the times that answers take have been told of the failure, and hear
nothing more.
"""

import asyncio
import logging
import time
from collections import Counter
from functools import partial
from uuid import UUID

from infra.telemetry.lean_span import LeanSpans
from infra.telemetry.wire import span_attributes
from schemas.attempt import Cost
from schemas.settlement import AttemptSettled
from services.model_worker.adapters.call_span import late_of
from services.model_worker.adapters.desk import Desk
from services.model_worker.adapters.spend_cap import SpendCap
from services.model_worker.domain.calls import Outcome, Sending
from services.model_worker.domain.late import GivenUp, Settled, own_cost, settled
from services.model_worker.domain.pricing import Rate

log = logging.getLogger(__name__)
Reading = asyncio.Task[Outcome]
"""A call on its way."""


class LateCalls:
    """Reads calls on for ``wait_s`` at most, in slots that ``desk`` has for them; ``wait_s`` 0 reads none on.

    ``ended`` counts what came of them, ``late_ms`` how late those were whose cost is known, in all.
    """

    def __init__(self, desk: Desk, cap: SpendCap, spans: LeanSpans, wait_s: float) -> None:
        self._desk = desk
        self._cap = cap
        self._spans = spans
        self._wait_s = wait_s
        self._silent: set[Reading] = set()
        self.ended: Counter[str] = Counter()
        self.late_ms = 0

    def takes(self, attempt_id: UUID, sending: Sending, rate: Rate | None) -> bool:
        """Whether this attempt's call may be read on.

        What has not left yet would be sent after its time, and billed. Without a price nothing is learned, nor where
        an hour has one: there, reading on keeps a server of one's own at work that nobody waits for.
        """
        has_price = rate is not None and not rate.is_hourly
        return self._wait_s > 0 and sending.has_left and has_price and self._desk.may_read_on(attempt_id)

    def keep(self, given_up: GivenUp, reading: Reading, reserved: int, bound_micro_usd: int) -> None:
        """Read it on. What is ``reserved`` of the spend cap stays so until its cost is known, or taken as the bound."""
        self._desk.read_on(given_up.attempt_id, reading)
        stop = asyncio.get_running_loop().call_later(self._wait_s, self._hear_no_more, reading)
        reading.add_done_callback(partial(self._end, given_up, stop, reserved, bound_micro_usd))

    def _hear_no_more(self, reading: Reading) -> None:
        self._silent.add(reading)
        reading.cancel()

    def _end(
        self, given_up: GivenUp, stop: asyncio.TimerHandle, reserved: int, bound_micro_usd: int, reading: Reading
    ) -> None:
        stop.cancel()
        self._desk.read_to_its_end(given_up.attempt_id, reading)
        cost = None
        try:
            cost = self._told(given_up, reading)
        except Exception as error:
            log.error("what a late call came to cannot be told: %s", type(error).__name__)
        self._cap.settle(reserved, cost.micro_usd if cost else bound_micro_usd)
        if cost is None:
            is_silent = reading in self._silent
            self.ended["unknown" if not reading.cancelled() else "silent" if is_silent else "cut"] += 1
        self._silent.discard(reading)

    def _told(self, given_up: GivenUp, reading: Reading) -> Cost | None:
        """What this call cost, once that is handed in; ``None`` where nobody knows."""
        outcome = _outcome_of(reading)
        cost = own_cost(given_up, outcome) if outcome else None
        if outcome and cost:
            self._hand_in(given_up, settled(given_up, outcome, cost, time.monotonic()))
        return cost

    def _hand_in(self, given_up: GivenUp, event: AttemptSettled) -> None:
        began_ns = time.time_ns() - event.late_ms * 1_000_000
        span = self._spans.call("late answer", given_up.traceparent, span_attributes(late_of(event)), began_ns)
        span.end()
        done = Settled(given_up.attempt_id, event, event.to_json(), span.traceparent, given_up.prepared)
        self._desk.results.put_nowait(done)
        self.ended["answered" if event.reason is None else "refused"] += 1
        self.late_ms += event.late_ms


async def in_time(reading: Reading, limit_s: float) -> Outcome | None:
    """What came of a call within this time; ``None`` where it is still on its way.

    Raises what the adapter raised. Cancelled, it cuts the call.
    """
    loop = asyncio.get_running_loop()
    is_over = loop.create_future()
    end = partial(_end_wait, is_over)
    timer = loop.call_later(limit_s, end)
    reading.add_done_callback(end)
    try:
        await is_over  # a third less than asyncio.wait takes, for every call
    except asyncio.CancelledError:
        await cut_off(reading)
        raise
    finally:
        timer.cancel()
        reading.remove_done_callback(end)
    return reading.result() if reading.done() else None


def _end_wait(is_over: "asyncio.Future[None]", *_: Reading) -> None:
    if not is_over.done():
        is_over.set_result(None)


async def cut_off(reading: Reading) -> None:
    """Cut a call, and wait until its connection is closed."""
    reading.cancel()
    await asyncio.wait((reading,))
    _outcome_of(reading)


def _outcome_of(reading: Reading) -> Outcome | None:
    """What came of a call; ``None`` for one that was cut, or whose adapter broke."""
    if reading.cancelled():
        return None
    if (error := reading.exception()) is not None:
        log.error("the adapter failed with %s after the call's time", type(error).__name__)
        return None
    return reading.result()
