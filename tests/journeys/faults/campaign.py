"""One run: a load, a fault in the midst of it, quiet again, the books reconciled. And what many runs come to."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from random import Random
from uuid import UUID

from pipeline.waiting import until

from journeys.faults.load import Client
from journeys.faults.reconcile import LATE_S, Finding, lateness, lease_repeats, reconcile
from journeys.faults.registry import FAULTS, UPGRADES
from journeys.faults.sharp_points import NotStruck
from journeys.faults.world import World
from schemas.vocabulary import Reason

LEAST_IN_FLIGHT = 100
SENT_S = 400.0


@dataclass(frozen=True, slots=True)
class Load:
    """How many requests a run sends, and how many a second."""

    requests: int = 500
    rate: float = 150.0


@dataclass(frozen=True, slots=True)
class Run:
    """What one injection came to. ``recovery_s``: from the end of the fault until all that were in flight had ended.

    ``overdue``: requests that failed honestly, since their deadline came. ``late``: how many ended more than a second
    after it, or after all was ready again, if that was later; ``late_s``: the longest of these times.
    """

    fault: str
    seed: str
    requests: int
    in_flight: int
    completed: int
    lease_repeats: int
    recovery_s: float
    findings: tuple[Finding, ...]
    struck: bool = True
    overdue: int = 0
    late: int = 0
    late_s: float = 0.0

    @property
    def counts(self) -> bool:
        """Whether the fault struck, and enough was in flight when it did."""
        return self.struck and self.in_flight >= LEAST_IN_FLIGHT


@dataclass(frozen=True, slots=True)
class Row:
    """The runs of one fault together; ``recovery_s`` and ``late_s`` are the longest, ``in_flight`` the fewest.

    A request that is not ``completed`` failed honestly: its deadline came while it could not be served.
    """

    fault: str
    runs: int
    requests: int
    in_flight: int
    completed: int
    lost: int
    doubled: int
    paid_twice: int
    other_findings: int
    lease_repeats: int
    recovery_s: float
    late: int
    late_s: float


def inject(world: World, fault: str, seed: str, load: Load) -> Run:
    """Send the load, strike when enough is in flight, wait until all is quiet, and reconcile."""
    dice = Random(f"{seed}:{fault}")  # noqa: S311 not for secrets
    world.begin()
    sent = world.client.begin(load.requests, load.rate)
    waiting = _in_flight(world.client, dice.randint(LEAST_IN_FLIGHT, load.requests // 2))
    world.client.enough()
    struck = _strike(world, fault, dice)
    world.ready()
    over_at = world.over_at or time.monotonic()
    world.client.until_sent(SENT_S)
    residue = world.until_quiet()
    last = max((at for each, at in sent.ended().items() if each in waiting), default=over_at)
    books = world.books(sent, residue)
    late = [by_s for by_s in lateness(books).values() if by_s > LATE_S]
    return Run(
        fault=fault,
        seed=seed,
        requests=len(books.accepted),
        in_flight=len(waiting),
        completed=sum(row.state == "completed" for row in books.ledger.requests),
        lease_repeats=lease_repeats(books),
        recovery_s=round(max(0.0, last - over_at), 1),
        findings=reconcile(books),
        struck=struck,
        overdue=sum(row.reason == Reason.DEADLINE for row in books.ledger.requests),
        late=len(late),
        late_s=round(max(late, default=0.0), 1),
    )


def _in_flight(client: Client, after: int) -> set[UUID]:
    """Those in flight, once enough are and ``after`` were accepted; those that are left where the load ends before."""

    def found() -> list[set[UUID]]:
        waiting = client.sent.open()
        is_enough = len(client.sent.accepted()) >= after and len(waiting) >= LEAST_IN_FLIGHT
        return [waiting] if is_enough or not client.is_sending else []

    [waiting] = until(found, "enough requests are in flight", SENT_S)
    return waiting


def _strike(world: World, fault: str, dice: Random) -> bool:
    try:
        (FAULTS | UPGRADES)[fault](world, dice)
    except NotStruck:
        return False
    return True


def rows(runs: Iterable[Run]) -> list[Row]:
    """What the runs that count come to, by fault."""
    by_fault: defaultdict[str, list[Run]] = defaultdict(list)
    for run in runs:
        if run.counts:
            by_fault[run.fault].append(run)
    return [_row(fault, some) for fault, some in by_fault.items()]


def _row(fault: str, runs: Sequence[Run]) -> Row:
    found = Counter(finding.invariant for run in runs for finding in run.findings)
    lost, doubled, paid_twice = (found.pop(name, 0) for name in ("lost", "doubled", "paid_twice"))
    return Row(
        fault=fault,
        runs=len(runs),
        requests=sum(run.requests for run in runs),
        in_flight=min(run.in_flight for run in runs),
        completed=sum(run.completed for run in runs),
        lost=lost,
        doubled=doubled,
        paid_twice=paid_twice,
        other_findings=found.total(),
        lease_repeats=sum(run.lease_repeats for run in runs),
        recovery_s=max(run.recovery_s for run in runs),
        late=sum(run.late for run in runs),
        late_s=max(run.late_s for run in runs),
    )


def due(runs: Iterable[Run], faults: Sequence[str], each: int) -> list[str]:
    """The faults of the next round: those with fewer than ``each`` runs that count, unless twice as many were tried."""
    runs = list(runs)
    tried = Counter(run.fault for run in runs)
    counted = Counter(run.fault for run in runs if run.counts)
    return [fault for fault in faults if counted[fault] < each and tried[fault] < 2 * each]


def as_json(found: Iterable[Row]) -> list[dict[str, object]]:
    """The rows as plain values."""
    return [asdict(row) for row in found]
