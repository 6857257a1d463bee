"""What must hold when all is quiet again, as pure functions over the books. Each gives what it finds wrong."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from journeys.faults.books import Books, Call, End
from journeys.faults.traces import broken_traces
from schemas.ids import attempt_id_of, request_id_from_origin
from schemas.topics import INTAKE

LATE_S = 1.0
"""Later than this after its deadline, or after all was ready again, a request ends late."""
LATEST_S = 25.0
"""The bound: a group waits 6 s for its dead, a broker that was away lets its clients in within 18 s, and a little."""
COMPLETED, ASKED_OVER_HTTP = "request.completed", f"{INTAKE}.gateway"
ENDED = frozenset({"completed", "failed"})
UNKNOWN, CUT, REPEAT = "outcome_unknown", ("timeout", "starved"), "repeat"


@dataclass(frozen=True, slots=True)
class Finding:
    """An invariant that does not hold, of what, and why."""

    invariant: str
    subject: str
    why: str


Wrong = tuple[object, str]
"""Of what, and why."""


def lost(books: Books) -> Iterator[Wrong]:
    """Every accepted request has an end on the log, and one in the ledger; or a person may still answer it."""
    on_log = {end.request_id for end in books.log.ends}
    in_ledger = {row.request_id for row in books.ledger.requests if row.state in ENDED}
    known = {row.request_id for row in books.ledger.requests if row.state == "deferred"}
    deferred = {request_id for request_id, until in books.log.deferred.items() if until > books.looked_at}
    for request_id in books.accepted:
        if request_id in deferred - on_log:
            if request_id not in known:
                yield request_id, "deferred on the log, and not in the ledger"
        elif request_id not in on_log:
            yield request_id, "accepted, and has no end on the log"
        elif request_id not in in_ledger:
            yield request_id, "ended on the log, and not in the ledger"


def doubled(books: Books) -> Iterator[Wrong]:
    """No request has two different ends, no end is counted twice, and none is of a request that nobody sent."""
    for request_id, ends in _by_request(books.log.ends).items():
        if len({(end.topic, end.event_id, end.facts) for end in ends}) > 1:
            yield request_id, f"has different ends: {sorted({end.topic for end in ends})}"
    for row in books.ledger.requests:
        if row.ends > 1:
            yield row.request_id, "completed and failed in the ledger"
        if row.request_id not in books.sent:
            yield row.request_id, "in the ledger, and nobody sent it"
    rows = Counter(row.request_id for row in books.ledger.requests)
    yield from ((request_id, "counted more than once in the ledger") for request_id, n in rows.items() if n > 1)


def untrue(books: Books) -> Iterator[Wrong]:
    """The ledger tells the end that the log tells."""
    told = {end.request_id: end.topic.removeprefix("request.") for end in books.log.ends}
    for row in books.ledger.requests:
        if row.request_id in told and row.state in ENDED and row.state != told[row.request_id]:
            yield row.request_id, f"{row.state} in the ledger, {told[row.request_id]} on the log"


def paid_twice(books: Books) -> Iterator[Wrong]:
    """No call is made of an attempt whose outcome was committed before.

    The only call of an attempt, cut at its deadline as it was sent, may reach the provider a moment after that.
    """
    calls = _by_attempt(books.calls)
    for row in books.ledger.stored:
        made = calls.get(row.attempt_id, [])
        if row.finished_at is None or (len(made) == 1 and row.reason in CUT):
            continue
        for late in (call.asked_at - row.finished_at for call in made if call.asked_at > row.finished_at):
            yield row.attempt_id, f"called {late:.3f} s after its outcome was committed"


def uncounted(books: Books) -> Iterator[Wrong]:
    """A call made again is a lease taken over and counted; every call is of an attempt that the ledger knows."""
    repeats = {row.attempt_id: row.lease_repeats for row in books.ledger.stored}
    known = {attempt_id_of(row.request_id, row.number) for row in books.ledger.attempts}
    for attempt_id, calls in _by_attempt(books.calls).items():
        if attempt_id not in repeats:
            yield attempt_id, "called, and not in the workers' store"
        elif len(calls) > 1 + repeats[attempt_id]:
            yield attempt_id, f"called {len(calls)} times with {repeats[attempt_id]} lease repeats"
        if attempt_id not in known:
            yield attempt_id, "called, and not in the ledger"


def mishandled(books: Books) -> Iterator[Wrong]:
    """A call of unknown outcome is repeated only where the lane says so; elsewhere the attempt ends as unknown."""
    lanes = {row.request_id: row.lane for row in books.ledger.requests}
    by_id = {attempt_id_of(row.request_id, row.number): row for row in books.ledger.attempts}
    calls = _by_attempt(books.calls)
    for stored in books.ledger.stored:
        row = by_id.get(stored.attempt_id)
        policy = books.on_unknown.get(lanes.get(row.request_id) or "", REPEAT) if row else REPEAT
        made = calls.get(stored.attempt_id, [])
        if policy == REPEAT or not made:
            continue
        if len(made) > 1:
            yield stored.attempt_id, f"called again, and its lane says {policy}"
        if not made[0].is_answered and stored.lease_repeats and stored.reason != UNKNOWN:
            yield stored.attempt_id, f"its call was cut off, and it ended as {stored.reason or stored.outcome}"


def unsettled(books: Books) -> Iterator[Wrong]:
    """Every attempt that was called has a committed outcome, and every outcome was said."""
    called = {call.attempt_id for call in books.calls}
    for row in books.ledger.stored:
        if row.attempt_id in called and row.finished_at is None:
            yield row.attempt_id, "called, and no outcome is stored"
        elif row.finished_at is not None and not row.is_said:
            yield row.attempt_id, "its outcome was stored, and not said"


def unbilled(books: Books) -> Iterator[Wrong]:
    """The bill of each attempt is what the ledger knows; or at most its bound, where a call was cut off."""
    bills: Counter[UUID] = Counter()
    for call in books.calls:
        bills[call.attempt_id] += call.micro_usd
    for row in books.ledger.attempts:
        bill = bills.pop(attempt_id_of(row.request_id, row.number), 0)
        if row.bounded and bill > row.micro_usd:
            yield row.request_id, f"attempt {row.number}: billed {bill}, more than the bound {row.micro_usd}"
        elif not row.bounded and bill != row.micro_usd:
            yield row.request_id, f"attempt {row.number}: billed {bill}, and {row.micro_usd} is in the ledger"


def split_traces(books: Books) -> Iterator[Wrong]:
    """Every request is one trace, whole but for what a killed process had not sent yet."""
    return broken_traces(books)


def bad_letters(books: Books) -> Iterator[Wrong]:
    """Nothing is a dead letter but the poison; and all poison that somebody hears is one, or a request that failed."""
    for letter in books.log.letters:
        if letter.place not in books.poison:
            yield letter.place, f"a dead letter of {letter.service}: {letter.reason}"
    found = {letter.place for letter in books.log.letters}
    refused = {end.request_id for end in books.log.ends}
    for place in books.poison - found:
        if request_id_from_origin(*place) not in refused:
            yield place, "poison that is no dead letter"


def mistold(books: Books) -> Iterator[Wrong]:
    """A client of the gateway was told the end that the log tells; and what it asks is one request, however often."""
    completed = {end.request_id for end in books.log.ends if end.topic == COMPLETED}
    for told in books.told:
        if told.is_answered != (told.request_id in completed):
            yield told.request_id, f"its client was told {'an answer' if told.is_answered else 'a failure'}"
    known = Counter(told.request_id for told in books.told)
    yield from ((request_id, f"{count} clients were told of it") for request_id, count in known.items() if count > 1)
    for request_id in {said.request_id for said in books.log.said if said.topic == ASKED_OVER_HTTP} - known.keys():
        yield request_id, "taken by the gateway, and no client was told of it"


def late(books: Books) -> Iterator[Wrong]:
    """Every request ends within the bound of its deadline, or of the moment at which all was ready again."""
    for request_id, by_s in lateness(books).items():
        if by_s > LATEST_S:
            yield request_id, f"ended {by_s:.1f} s after its deadline and the return of what was away"


def leaked(books: Books) -> Iterator[Wrong]:
    """Nothing is left: leases, timers, connections, processes, lag."""
    return ((what, "is left") for what in books.residue)


Invariant = Callable[[Books], Iterator[Wrong]]
INVARIANTS: MappingProxyType[str, Invariant] = MappingProxyType(
    {
        "lost": lost,
        "doubled": doubled,
        "untrue": untrue,
        "paid_twice": paid_twice,
        "uncounted": uncounted,
        "mishandled": mishandled,
        "unsettled": unsettled,
        "unbilled": unbilled,
        "split_traces": split_traces,
        "bad_letters": bad_letters,
        "mistold": mistold,
        "late": late,
        "leaked": leaked,
    }
)


def reconcile(books: Books) -> tuple[Finding, ...]:
    """All that does not hold."""
    return tuple(Finding(name, str(subject), why) for name, find in INVARIANTS.items() for subject, why in find(books))


def lateness(books: Books) -> dict[UUID, float]:
    """By how many seconds each request ended after its deadline, or after all was ready again, if that was later."""
    return {
        row.request_id: row.ended_at - max(row.deadline_at, books.ready_at)
        for row in books.ledger.requests
        if row.ended_at is not None and row.deadline_at is not None
    }


def lease_repeats(books: Books) -> int:
    """How many leases were taken over: calls that may have been made, and whose outcome nobody knew."""
    return sum(row.lease_repeats for row in books.ledger.stored)


def _by_request(ends: Sequence[End]) -> dict[UUID, list[End]]:
    found: defaultdict[UUID, list[End]] = defaultdict(list)
    for end in ends:
        found[end.request_id].append(end)
    return found


def _by_attempt(calls: Sequence[Call]) -> dict[UUID, list[Call]]:
    found: defaultdict[UUID, list[Call]] = defaultdict(list)
    for call in calls:
        found[call.attempt_id].append(call)
    return found
