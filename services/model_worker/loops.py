"""What a model worker does by itself: claim, store and say results, renew leases, sweep, and say that it is ready."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from schemas.fact import Event
from schemas.standing import BreakerChanged, WorkerReady
from schemas.topics import BY_NAME
from services.model_worker.adapters.attempt_store import FORGET_AT_ONCE, AttemptStore
from services.model_worker.adapters.live_answers import Chunk, LiveAnswers
from services.model_worker.domain.claims import Claim, Finished, LeaseLost, Stored
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
Perform = Callable[[Claim], Awaitable[Finished]]

RENEW_EVERY_S = 1.0
SHARE_EVERY_S = 5.0
MARK_EVERY_S = 0.1
SWEEP_AT_ONCE = 200
# Results that wait for Kafka or the database; beyond it no new call is made.
MOST_UNSAID = 1_000


@dataclass(slots=True)
class Desk:
    """What one process holds: leases (fences by attempt), running calls, and results on their way out.

    A lease is held, and renewed, from the claim until the outcome is marked as said; so it is while Kafka refuses an
    outcome (``unheard``), and who is not heard soon calls no more. ``slots`` is how many calls may
    run at once, asked each time, since the portfolio may change it; ``room`` cuts the number of claims to what the
    provider's rate limits have room for.
    """

    slots: Callable[[], int]
    room: Callable[[int], int] = lambda most: most
    leases: dict[UUID, int] = field(default_factory=dict[UUID, int])
    calls: dict[UUID, asyncio.Task[None]] = field(default_factory=dict[UUID, "asyncio.Task[None]"])
    results: asyncio.Queue[Finished] = field(default_factory=lambda: asyncio.Queue[Finished]())
    to_mark: list[UUID] = field(default_factory=list[UUID])
    unheard: list[Finished] = field(default_factory=list[Finished])
    counts: Counter[str] = field(default_factory=Counter[str])
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    backlog: bool = False
    stopping: bool = False

    @property
    def waiting(self) -> int:
        """Outcomes that are still to be stored and said."""
        return self.results.qsize() + len(self.unheard)

    def free(self) -> int:
        """How many attempts may be claimed now."""
        slots = 0 if self.stopping else self.slots()
        return self.room(max(0, min(slots - len(self.calls), slots + MOST_UNSAID - len(self.leases))))

    def free_at_once(self) -> int:
        """How many may be claimed as they are written: none while older ones may be waiting in the store."""
        return 0 if self.backlog else self.free()

    def take_up(self, claims: Sequence[Claim], is_more: bool, perform: Perform) -> None:
        """Begin what was claimed as it was written; look into the store where more was written than that."""
        for claim in claims:
            self.begin(claim, perform)
        if is_more:
            self.wake.set()

    def begin(self, claim: Claim, perform: Perform) -> None:
        """Hold the lease and make the call, in a task of its own.

        A lease of our own that ran out while the database was away is taken up again, and its call goes on.
        """
        is_held = claim.attempt_id in self.leases
        self.leases[claim.attempt_id] = claim.fence
        if is_held:
            self.counts["lease_regained"] += 1
            return
        self.counts["claimed"] += 1
        self.counts["lease_repeats"] += claim.taken_over
        self.calls[claim.attempt_id] = asyncio.create_task(self._call(claim, perform))

    async def _call(self, claim: Claim, perform: Perform) -> None:
        try:
            self.results.put_nowait(await perform(claim))
        except asyncio.CancelledError:
            raise
        except LeaseLost:
            log.warning("attempt %s is not called: lease %d was lost before", claim.attempt_id, claim.fence)
            self.counts["fenced"] += 1
            self.leases.pop(claim.attempt_id, None)
        except Exception as error:
            # Its lease runs out and it is tried again until its deadline: another version may be able to read it.
            log.error("attempt %s could not be performed: %s", claim.attempt_id, type(error).__name__)
            self.leases.pop(claim.attempt_id, None)
        finally:
            del self.calls[claim.attempt_id]
            if self.backlog:
                self.wake.set()

    def fence_of(self, claim: Claim) -> int:
        """The fence under which this claim's attempt is held now: a lease that was taken up again has a newer one."""
        return self.leases.get(claim.attempt_id, claim.fence)

    def refused(self, finished: Finished) -> None:
        """The store did not take this outcome: its lease is another worker's now, or a newer one of our own."""
        if self.leases.get(finished.attempt_id, finished.fence) != finished.fence:
            self.results.put_nowait(finished)
            return
        log.warning("the outcome of attempt %s is dropped: lease %d was lost", finished.attempt_id, finished.fence)
        self.counts["fenced"] += 1
        self.leases.pop(finished.attempt_id, None)

    def ask_again(self) -> None:
        """What Kafka refused goes the way of results once more: what was missing may be there now."""
        again, self.unheard = self.unheard, []
        for finished in again:
            self.results.put_nowait(finished)

    def take_results(self, first: Finished) -> list[Finished]:
        """A result, and all the others that are there."""
        found = [first]
        while not self.results.empty():
            found.append(self.results.get_nowait())
        return found


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


async def run_results(desk: Desk, store: AttemptStore, publish: Publish, pause: Pause) -> None:
    """Store outcomes under their fences, then say those that were taken. Many at once under load, one at once else."""
    while True:
        batch = desk.take_results(await desk.results.get())
        await settle(desk, store, publish, batch)
        for _ in batch:
            desk.results.task_done()
        if pause_s := pause(len(batch)):
            await asyncio.sleep(pause_s)


async def settle(desk: Desk, store: AttemptStore, publish: Publish, batch: Sequence[Finished]) -> None:
    """Store one batch and say it. An outcome whose lease went to another worker is dropped."""
    fenced = [replace(one, fence=desk.leases.get(one.attempt_id, one.fence)) for one in batch]
    taken = await store.finish(fenced)
    for lost in (one for one in fenced if one.attempt_id not in taken):
        desk.refused(lost)
    mine = [one for one in fenced if one.attempt_id in taken]
    if mine:
        unheard = await say_outcomes(publish, [(one.event, one.data, one.traceparent) for one in mine])
        desk.counts["said"] += len(mine) - len(unheard)
        desk.to_mark.extend(one.attempt_id for index, one in enumerate(mine) if index not in unheard)
        desk.unheard.extend(mine[index] for index in unheard)


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
    """Renew all leases and this worker's presence, by one statement a second.

    While the database is away calls go on; an outcome whose lease was lost meanwhile is refused by its fence.
    """
    while True:
        await store.renew(dict(desk.leases))
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


async def say_again(store: AttemptStore, publish: Publish, left: Sequence[Stored]) -> bool:
    """Say stored outcomes with the ids that they have had from the start, so that saying them twice does no harm.

    Of what Kafka refuses nobody has heard: it stays, and is tried after its lease. Whether all were heard.
    """
    says = [(BY_NAME[one.event_type].event.read(one.event), one.event, one.traceparent) for one in left]
    unheard = await say_outcomes(publish, says)
    await store.said([one.attempt_id for index, one in enumerate(left) if index not in unheard])
    return not unheard


async def run_forgetting(store: AttemptStore, retention_s: float, every_s: float) -> None:
    """Delete attempts whose deadlines are long past, a few at once."""
    while True:
        gone = await store.forget(retention_s)
        await asyncio.sleep(MARK_EVERY_S if gone == FORGET_AT_ONCE else every_s)


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
    """Let running calls end and their outcomes be said, within the grace; cut the others.

    The leases that are left are of cut calls and unsaid outcomes, for :meth:`AttemptStore.release`.
    """
    try:
        async with asyncio.timeout(grace_s):
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
