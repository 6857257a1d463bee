"""What one worker process has in hand: leases, running calls, late ones, and results on their way out."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from uuid import UUID

from services.model_worker.domain.claims import Claim, Finished, LeaseLost
from services.model_worker.domain.late import Settled
from services.model_worker.domain.others import with_others

log = logging.getLogger(__name__)
Result = TypeVar("Result")
Perform = Callable[[Claim], Awaitable[Finished]]
MOST_UNSAID = 1_000
"""Results that wait for Kafka or the database; beyond it no new call is made."""
MOST_OTHERS = 2 * MOST_UNSAID
"""Of more attempts than are in hand nothing is to be stored any more."""


@dataclass(slots=True)
class Desk:
    """What one process holds: leases (fences by attempt), running calls, and results on their way out.

    A lease is held, and renewed, from the claim until the outcome is marked as said; so it is while Kafka refuses an
    outcome (``unheard``), and who is not heard soon calls no more. ``slots`` is how many calls may
    run at once, asked each time, since the portfolio may change it; ``room`` cuts the number of claims to what the
    provider's rate limits have room for.

    ``late``: calls that were given up and are read on, the oldest first, in slots that nobody else has use for, and in
    ``beside`` more;
    ``settled``: what such calls came to, stored, on its way out.
    ``wake``: more may be claimed; ``left``: something was written down that no hand was free for.
    ``unwanted``: attempts that are called for requests that were cancelled meanwhile. ``begun``: those of ``calls``
    that have stopped waiting, and may be on the wire. ``others``: how many calls others may have made of an attempt
    whose lease was lost here and taken up again, after its own call had begun.
    ``renewing``: the leases as they were at the last renewal.
    """

    slots: Callable[[], int]
    room: Callable[[int], int] = lambda most: most
    beside: int = 0
    leases: dict[UUID, int] = field(default_factory=dict[UUID, int])
    renewing: dict[UUID, int] = field(default_factory=dict[UUID, int])
    calls: dict[UUID, asyncio.Task[None]] = field(default_factory=dict[UUID, "asyncio.Task[None]"])
    late: dict[UUID, asyncio.Task[Any]] = field(default_factory=dict[UUID, "asyncio.Task[Any]"])
    unwanted: set[UUID] = field(default_factory=set[UUID])
    begun: set[UUID] = field(default_factory=set[UUID])
    others: dict[UUID, int] = field(default_factory=dict[UUID, int])
    results: asyncio.Queue[Finished | Settled] = field(default_factory=lambda: asyncio.Queue[Finished | Settled]())
    settled: asyncio.Queue[Settled] = field(default_factory=lambda: asyncio.Queue[Settled](MOST_UNSAID))
    to_mark: list[UUID] = field(default_factory=list[UUID])
    unheard: list[Finished] = field(default_factory=list[Finished])
    counts: Counter[str] = field(default_factory=Counter[str])
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
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

    def to_renew(self) -> dict[UUID, int]:
        """Leases that were held when this was asked last: one that was taken since has nearly all of its time left."""
        lasting = dict(self.renewing.items() & self.leases.items())
        self.renewing = dict(self.leases)
        return lasting

    def take_up(self, claims: Sequence[Claim], is_more: bool, perform: Perform) -> None:
        """Begin what was claimed as it was written; look into the store where more was written than that."""
        for claim in claims:
            self.begin(claim, perform)
        if is_more:
            self.wake.set()
            self.left.set()

    def begin(self, claim: Claim, perform: Perform) -> None:
        """Hold the lease and make the call, in a task of its own.

        A lease of our own that ran out while the database was away is taken up again, and its call goes on; but where
        another held it in between, who may have called, a call of our own that has not begun makes way for this claim.
        """
        held, running = self.leases.get(claim.attempt_id), self.calls.get(claim.attempt_id)
        self.leases[claim.attempt_id] = claim.fence
        is_waiting = running is not None and claim.attempt_id not in self.begun
        if held is not None and not (is_waiting and claim.fence > held + 1):
            self.counts["lease_regained"] += 1
            self._note_others(claim.attempt_id, claim.fence - held - 1)
            return
        self.others.pop(claim.attempt_id, None)  # they are in this claim's fence
        self._cut([claim.attempt_id])  # its failure was not stored: what it came to would settle this call's
        self.counts["claimed"] += 1
        self.counts["lease_repeats"] += claim.taken_over
        if running is not None:
            running.cancel()
        self.calls[claim.attempt_id] = asyncio.create_task(self._call(claim, perform, running))
        self._make_room()

    def _note_others(self, attempt_id: UUID, more: int) -> None:
        if more > 0:
            self.others[attempt_id] = self.others.get(attempt_id, 0) + more
            for oldest in list(self.others)[:-MOST_OTHERS]:
                del self.others[oldest]

    async def _call(self, claim: Claim, perform: Perform, before: "asyncio.Task[None] | None") -> None:
        """``before``: an earlier claim's task, which was cut."""
        try:
            if before is not None:
                await asyncio.wait((before,))
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
            if self.calls.get(claim.attempt_id) is asyncio.current_task():
                self._put_down(claim.attempt_id)

    def _put_down(self, attempt_id: UUID) -> None:
        del self.calls[attempt_id]
        self.unwanted.discard(attempt_id)
        self.begun.discard(attempt_id)
        if self.backlog:
            self.wake.set()

    def may_read_on(self, attempt_id: UUID) -> bool:
        """Whether a call may be read on past its time: neither where the worker leaves, nor the client has left."""
        return not self.stopping and attempt_id not in self.unwanted

    def read_on(self, attempt_id: UUID, reading: "asyncio.Task[Any]") -> None:
        """Hold a call that is read on past its time, and no earlier one of its attempt."""
        self._cut([attempt_id])
        self.late[attempt_id] = reading

    def read_to_its_end(self, attempt_id: UUID, reading: "asyncio.Task[Any]") -> None:
        """Let go of it."""
        if self.late.get(attempt_id) is reading:
            del self.late[attempt_id]

    def forsake(self, attempt_ids: Collection[UUID]) -> None:
        """Nobody waits for these any more: their calls are not read on past their time."""
        forsaken = set(attempt_ids)
        self.unwanted |= self.calls.keys() & forsaken
        self._cut(self.late.keys() & forsaken)

    def cut_late(self) -> "list[asyncio.Task[Any]]":
        """Cut every call that is read on, as the worker leaves; each ends in a moment."""
        return self._cut(list(self.late))

    def _make_room(self) -> None:
        """Calls in time come first: with those that are late there are few more than slots. The oldest are cut."""
        if self.late:
            too_many = len(self.calls.keys() | self.late.keys()) - self.slots() - self.beside
            self._cut(list(self.late)[: max(0, too_many)])

    def _cut(self, attempt_ids: Iterable[UUID]) -> "list[asyncio.Task[Any]]":
        cut = [self.late.pop(attempt_id) for attempt_id in attempt_ids if attempt_id in self.late]
        for reading in cut:
            reading.cancel()
        return cut

    def as_held(self, finished: Finished) -> Finished:
        """Under the fence by which its attempt is held now, with what others' calls can have cost in between."""
        fence = self.leases.get(finished.attempt_id, finished.fence)
        held = finished if finished.fence == fence else replace(finished, fence=fence)
        return with_others(held, self.others.get(finished.attempt_id, 0))

    def with_others(self, settled: Settled) -> Settled:
        """With the same in what a late call came to."""
        return with_others(settled, self.others.get(settled.attempt_id, 0))

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

    def say_settled(self, kept: Sequence[Settled]) -> None:
        """Stored, these are to be said; what finds no room is left to the sweeper."""
        for one in kept[: MOST_UNSAID - self.settled.qsize()]:
            self.settled.put_nowait(one)


async def taken(queue: asyncio.Queue[Result]) -> list[Result]:
    """A result, as soon as there is one, and all the others that are there."""
    found = [await queue.get()]
    while not queue.empty():
        found.append(queue.get_nowait())
    return found
