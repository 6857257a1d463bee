"""What a model worker does by itself: claim, store and say results, renew leases, sweep, and say that it is ready."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

from schemas.fact import Event
from schemas.standing import BreakerChanged, WorkerReady
from schemas.topics import BY_NAME
from services.model_worker.adapters.attempt_store import FORGET_AT_ONCE, AttemptStore
from services.model_worker.adapters.cancelled_attempts import CancelledAttempts
from services.model_worker.adapters.desk import Desk, Perform, taken
from services.model_worker.adapters.live_answers import Chunk, LiveAnswers
from services.model_worker.adapters.settlements import Settlements
from services.model_worker.domain.claims import Claim, Finished, Stored
from services.model_worker.domain.late import Settled
from services.model_worker.domain.outcomes import in_its_place
from services.model_worker.domain.readiness import Readiness, must_say

log = logging.getLogger(__name__)
Say = tuple[Event, bytes, str | None]
Publish = Callable[[Sequence[Say]], Awaitable[Mapping[int, str]]]
"""Say events, each with its wire form and in its trace context; returns when all are acknowledged.

By index, those that Kafka will not take as things are, with the reason.
"""
Pause = Callable[[int], float]
"""How long to let results or rows gather after a batch of this size, in seconds."""

RENEW_EVERY_S = 1.0
SHARE_EVERY_S = 5.0
MARK_EVERY_S = 0.1
SWEEP_AT_ONCE = 200
LOOK_EVERY_S = 0.5
LOOK_AT_MOST_EVERY_S = 0.25


async def run_claims(desk: Desk, store: AttemptStore, perform: Perform, poll_s: float, pause_s: float) -> None:
    """Claim what waits, as much as there are free slots: when woken, when a slot is freed with more waiting, by poll.

    Ends when the desk is stopping; what was claimed meanwhile is given back.
    """
    while not desk.stopping:
        await _woken(desk.wake, poll_s)
        free = desk.free()
        desk.backlog = free == 0
        if not free:
            continue
        claims = await store.claim(free)
        desk.backlog = len(claims) == free
        if desk.stopping:
            await _give_back(store, claims)
            return
        for claim in claims:
            desk.begin(claim, perform)
        if len(claims) > 1:
            await asyncio.sleep(pause_s)  # lets slots and rows gather: one statement for several


async def _woken(wake: asyncio.Event, poll_s: float) -> None:
    try:
        async with asyncio.timeout(poll_s):
            await wake.wait()
    except TimeoutError:
        return
    wake.clear()


async def _give_back(store: AttemptStore, claims: Sequence[Claim]) -> None:
    await store.release({claim.attempt_id: claim.fence for claim in claims if not claim.taken_over}, begun=False)
    await store.release({claim.attempt_id: claim.fence for claim in claims if claim.taken_over}, begun=True)


async def run_results(
    desk: Desk, store: AttemptStore, settlements: Settlements, publish: Publish, pause: Pause
) -> None:
    """Store outcomes under their fences, then say those that were taken. Many at once under load, one at once else.

    What calls that were given up came to is stored behind their failures, and said by :func:`run_settlements`.
    """
    while True:
        batch = await taken(desk.results)
        if finished := [one for one in batch if isinstance(one, Finished)]:
            await settle(desk, store, publish, finished)
        if late := [desk.with_others(one) for one in batch if isinstance(one, Settled)]:
            desk.say_settled(await settlements.keep(late))
        for _ in batch:
            desk.results.task_done()
        if pause_s := pause(len(batch)):
            await asyncio.sleep(pause_s)


async def settle(desk: Desk, store: AttemptStore, publish: Publish, batch: Sequence[Finished]) -> None:
    """Store one batch and say it. An outcome whose lease went to another worker is dropped."""
    fenced = [desk.as_held(one) for one in batch]
    kept = await store.finish(fenced)
    for lost in (one for one in fenced if one.attempt_id not in kept):
        desk.refused(lost)
    mine = [one for one in fenced if one.attempt_id in kept]
    if mine:
        unheard = await say_outcomes(publish, [(one.event, one.data, one.traceparent) for one in mine])
        desk.counts["said"] += len(mine) - len(unheard)
        desk.to_mark.extend(one.attempt_id for index, one in enumerate(mine) if index not in unheard)
        desk.unheard.extend(mine[index] for index in unheard)


async def run_settlements(desk: Desk, settlements: Settlements, publish: Publish) -> None:
    """Say what late calls came to, beside the outcomes: a topic that is missing holds up none of those.

    What Kafka refuses is stored, and is said by the sweeper.
    """
    while True:
        kept = await taken(desk.settled)
        unheard = await say_outcomes(publish, [(one.event, one.data, one.traceparent) for one in kept])
        if heard := [one.attempt_id for index, one in enumerate(kept) if index not in unheard]:
            await settlements.said(heard)


async def say_outcomes(publish: Publish, says: Sequence[Say]) -> frozenset[int]:
    """Say outcomes; for an answer that is too large for Kafka, a failure that says so. The indexes of those unheard.

    The failure follows from the answer, so that whoever says the answer again comes to the same failure.
    """
    refused = await publish(says)
    instead = {index: failure for index, why in refused.items() if (failure := _instead_of(says[index], why))}
    still = await publish(list(instead.values())) if instead else {}
    heard = {index for at, index in enumerate(instead) if at not in still}
    unheard = {index: why for index, why in refused.items() if index not in heard}
    _tell_of(says, unheard)
    return frozenset(unheard)


def _instead_of(said: Say, why: str) -> Say | None:
    event, _, traceparent = said
    failure = in_its_place(event, why)
    if failure is None:
        return None
    log.error("the answer to request %s is not taken (%s): a failure is said in its place", event.subject, why)
    return failure, failure.to_json(), traceparent


def _tell_of(says: Sequence[Say], unheard: Mapping[int, str]) -> None:
    """One line a reason: it is told again with every try."""
    for why in sorted(set(unheard.values())):
        those = [says[index][0].subject for index, each in unheard.items() if each == why]
        told = "%d outcomes are not taken (%s), the first of request %s: they are stored, and are said again"
        log.error(told, len(those), why, those[0])


async def run_marks(desk: Desk, store: AttemptStore) -> None:
    """Mark outcomes as said, ten times a second at most. What a crash leaves unmarked is said twice, which is known."""
    while True:
        await asyncio.sleep(MARK_EVERY_S)
        await mark(desk, store)


async def mark(desk: Desk, store: AttemptStore) -> None:
    """Mark what was said until now, and let go of its leases."""
    said, desk.to_mark = desk.to_mark, []
    if said:
        await store.said(said)
        for attempt_id in said:
            desk.leases.pop(attempt_id, None)


async def run_leases(desk: Desk, store: AttemptStore) -> None:
    """Renew leases and this worker's presence, by one statement a second. Most calls end before their lease needs it.

    While the database is away calls go on; an outcome whose lease was lost meanwhile is refused by its fence.
    """
    while True:
        await store.renew(desk.to_renew())
        await asyncio.sleep(RENEW_EVERY_S)


async def run_sweeper(
    desk: Desk, store: AttemptStore, publish: Publish, gone: Callable[[str], Awaitable[None]], every_s: float
) -> None:
    """Say what a crash left unsaid, of any provider, and what Kafka refused; and which providers have lost their last
    worker."""
    while True:
        await asyncio.sleep(every_s)
        desk.ask_again()
        while left := await store.unsaid(SWEEP_AT_ONCE):
            all_heard = await say_again(store, publish, left)
            desk.counts["swept"] += len(left)
            if not all_heard:
                break  # what is refused now is so again in a moment: there is more to look after
        for provider in await store.bury():
            log.warning("provider %s has no live worker left", provider)
            await gone(provider)


async def say_again(store: AttemptStore | Settlements, publish: Publish, left: Sequence[Stored]) -> bool:
    """Say stored outcomes with the ids that they have had from the start, so that saying them twice does no harm.

    Of what Kafka refuses nobody has heard: it stays, and is tried after its lease. Whether all were heard.
    """
    says = [(BY_NAME[one.event_type].event.read(one.event), one.event, one.traceparent) for one in left]
    unheard = await say_outcomes(publish, says)
    await store.said([one.attempt_id for index, one in enumerate(left) if index not in unheard])
    return not unheard


async def run_late_sweeper(settlements: Settlements, publish: Publish, every_s: float) -> None:
    """Say what late calls came to where a crash, or Kafka, left it unsaid."""
    while True:
        await asyncio.sleep(every_s)
        if left := await settlements.unsaid(SWEEP_AT_ONCE):
            await say_again(settlements, publish, left)


async def run_forgetting(store: AttemptStore, settlements: Settlements, retention_s: float, every_s: float) -> None:
    """Delete attempts whose deadlines are long past, a few at once, and what nobody took of late calls."""
    while True:
        await settlements.forget(retention_s)
        gone = await store.forget(retention_s)
        await asyncio.sleep(MARK_EVERY_S if gone == FORGET_AT_ONCE else every_s)


async def run_cancelling(cancelled: CancelledAttempts, every_s: float) -> None:
    """Drop what was written down in the moment of its cancellation, and let go of what was cancelled long ago."""
    while True:
        await cancelled.drop_overlooked()
        await cancelled.forget()
        await asyncio.sleep(every_s)


async def run_readiness(
    changed: asyncio.Event,
    readiness: Callable[[], Awaitable[Readiness]],
    stands: Callable[[], WorkerReady | None],
    say: Callable[[Readiness], Awaitable[None]],
) -> None:
    """Say that this worker is ready and what it holds: at first, when it changes, when another says otherwise."""
    said: Readiness | None = None
    while True:
        await changed.wait()
        changed.clear()
        mine = await readiness()
        if must_say(mine, said, stands()):
            await say(mine)
        said = mine


async def run_fullness(
    desk: Desk, found: Callable[[], Awaitable[WorkerReady | None]], say: Callable[[WorkerReady], Awaitable[None]]
) -> None:
    """Say that attempts wait here, so that equal paths are asked first: looked for only while no hand is free."""
    while True:
        await _woken(desk.left, LOOK_EVERY_S)
        if not desk.stopping and desk.free() == 0 and (full := await found()) is not None:
            await say(full)
        await asyncio.sleep(LOOK_AT_MOST_EVERY_S)


async def run_breaker_news(
    news: asyncio.Queue[BreakerChanged], say: Callable[[BreakerChanged], Awaitable[None]]
) -> None:
    """Say which breakers changed, in the order in which they did."""
    while True:
        await say(await news.get())


async def run_live(answers: LiveAnswers, say: Callable[[Sequence[Chunk]], Awaitable[None]], every_s: float) -> None:
    """Say what answers have grown by: at once when there was silence, else a chunk of each every ``every_s``."""
    while True:
        await answers.is_told.wait()
        await say(answers.take())
        await asyncio.sleep(every_s)


async def run_shares(workers: Callable[[], Awaitable[int]], share: Callable[[int], None]) -> None:
    """Tell how many workers the provider has, who share its rate limits."""
    while True:
        share(await workers())
        await asyncio.sleep(SHARE_EVERY_S)


async def drain(desk: Desk, store: AttemptStore, grace_s: float) -> None:
    """Let running calls end and their outcomes be said, within the grace; cut the others, and at once what is late.

    The leases that are left are of cut calls and unsaid outcomes, for :meth:`AttemptStore.release`.
    """
    try:
        async with asyncio.timeout(grace_s):
            if late := desk.cut_late():
                await asyncio.wait(late)
            if desk.calls:
                await asyncio.wait(list(desk.calls.values()))
            await desk.results.join()
            await mark(desk, store)
    except TimeoutError:
        log.warning("%d calls or outcomes did not end within %.0f s", len(desk.leases), grace_s)
    running = list(desk.calls.values())
    for call in running:
        call.cancel()
    await asyncio.gather(*running, return_exceptions=True)
