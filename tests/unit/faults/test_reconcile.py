"""The books of a good run, and what is found in each way that they can be doctored."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from journeys.faults.books import Books, Call, End, Ledger, LedgerAttempt, LedgerRequest, Letter, LogBook, Said, Told
from journeys.faults.books import StoredAttempt as Stored
from journeys.faults.reconcile import INVARIANTS, LATEST_S, lateness, lease_repeats, reconcile
from pipeline.spans import Span

from schemas.ids import attempt_id_of, request_id_from_origin

ASKED, STRANGER = UUID(int=1), UUID(int=2)
ATTEMPT = attempt_id_of(ASKED, 1)
END = End("request.completed", ASKED, "e1", '{"answer": "42"}')
PLACE = ("request.profiled", 0, 7)
ROW = LedgerRequest(ASKED, "completed", "patient", ends=1, attempts=1)
TRIED = LedgerAttempt(ASKED, 1, "accepted", None, micro_usd=40, bounded=False)
STORED = Stored(ATTEMPT, 0, "attempt.completed", None, finished_at=100.0, is_said=True)
CALL = Call(ATTEMPT, asked_at=99.0, is_answered=True, micro_usd=40)
SAID = (
    Said("request.profiled", ASKED, "profiler", "t", "s1"),
    Said("attempt.dispatched.alpha", ASKED, "router", "t", "s2"),
    Said("attempt.completed", ASKED, "model_worker", "t", "s4"),
)
SPANS = (
    Span("s1", "", "profiler", "process request.submitted"),
    Span("s2", "s1", "router", "process request.profiled"),
    Span("s3", "s2", "model_worker", "process attempt.dispatched"),
    Span("s4", "s3", "model_worker", "chat alpha-small"),
)


def books(**changed: Any) -> Books:
    """The books of one request that one call answered."""
    good = Books(
        accepted=frozenset({ASKED}),
        sent=frozenset({ASKED}),
        log=LogBook(ends=(END,), said=SAID),
        ledger=Ledger((ROW,), (TRIED,), (STORED,)),
        calls=(CALL,),
        on_unknown={"patient": "repeat", "strict": "escalate"},
        spans={"t": SPANS},
    )
    return replace(good, **changed)


def ledger(row: LedgerRequest = ROW, tried: LedgerAttempt = TRIED, stored: Stored = STORED) -> Ledger:
    return Ledger((row,), (tried,), (stored,))


def ended(*ends: End) -> LogBook:
    return LogBook(ends=ends, said=SAID)


def without(span_id: str) -> dict[str, tuple[Span, ...]]:
    return {"t": tuple(span for span in SPANS if span.span_id != span_id)}


LATE = Call(ATTEMPT, asked_at=101.0, is_answered=True, micro_usd=40)
CUT = Call(ATTEMPT, asked_at=98.0, is_answered=False, micro_usd=40)
STRICT = replace(ROW, lane="strict")
DEFERRED = LogBook(said=SAID, deferred={ASKED: 1_000.0})
TAKEN = LogBook((END,), (*SAID, Said("request.submitted.gateway", STRANGER, "gateway", "u", "s0")))
OVERDUE = replace(ROW, deadline_at=100.0, ended_at=100.0 + 2 * LATEST_S + 1)
OPEN = replace(ROW, state="deferred", ends=0)
TWICE = replace(STORED, lease_repeats=1)
DOCTORED: dict[str, tuple[str, Books]] = {
    "no end on the log": ("lost", books(log=ended())),
    "not in the ledger": ("lost", books(ledger=Ledger((), (TRIED,), (STORED,)))),
    "open in the ledger": ("lost", books(ledger=ledger(row=replace(ROW, state="open", ends=0)))),
    "ended in two ways": ("doubled", books(log=ended(replace(END, topic="request.failed", event_id="e2"), END))),
    "told two answers": ("doubled", books(log=ended(END, replace(END, facts='{"answer": "43"}')))),
    "counted in two ways": ("doubled", books(ledger=ledger(row=replace(ROW, ends=2)))),
    "counted twice": ("doubled", books(ledger=Ledger((ROW, ROW), (TRIED,), (STORED,)))),
    "invented": ("doubled", books(ledger=Ledger((ROW, replace(ROW, request_id=STRANGER)), (TRIED,), (STORED,)))),
    "another end in the ledger": ("untrue", books(ledger=ledger(row=replace(ROW, state="failed")))),
    "answered, and its client was told a failure": ("mistold", books(told=(Told(ASKED, is_answered=False),))),
    "one request of two clients": ("mistold", books(told=(Told(ASKED, is_answered=True),) * 2)),
    "asked once, and taken twice": ("mistold", books(log=TAKEN, told=(Told(ASKED, is_answered=True),))),
    "deferred, and its time is up": ("lost", books(log=DEFERRED, ledger=ledger(OPEN), looked_at=2_000.0)),
    "deferred, and the ledger knows nothing": ("lost", books(log=DEFERRED, ledger=ledger(), looked_at=999.0)),
    "called after its commit": ("paid_twice", books(calls=(CALL, LATE), ledger=ledger(stored=TWICE))),
    "called after its commit, first": ("paid_twice", books(calls=(LATE,))),
    "called again, not counted": ("uncounted", books(calls=(CUT, CALL))),
    "called, not stored": ("uncounted", books(ledger=Ledger((ROW,), (TRIED,), ()))),
    "called, not in the ledger": ("uncounted", books(ledger=Ledger((ROW,), (), (STORED,)))),
    "repeated against its lane": ("mishandled", books(calls=(CUT, CALL), ledger=ledger(row=STRICT, stored=TWICE))),
    "cut, and not unknown": ("mishandled", books(calls=(CUT,), ledger=ledger(row=STRICT, stored=TWICE))),
    "no outcome": ("unsettled", books(ledger=ledger(stored=replace(STORED, outcome=None, finished_at=None)))),
    "not said": ("unsettled", books(ledger=ledger(stored=replace(STORED, is_said=False)))),
    "billed more": ("unbilled", books(calls=(replace(CALL, micro_usd=41),))),
    "billed less": ("unbilled", books(calls=(replace(CALL, micro_usd=0),))),
    "billed over the bound": ("unbilled", books(ledger=ledger(tried=replace(TRIED, micro_usd=39, bounded=True)))),
    "two traces": ("split_traces", books(log=LogBook((END,), (*SAID, replace(SAID[0], trace_id="u"))))),
    "no spans": ("split_traces", books(spans={})),
    "a gap": ("split_traces", books(spans=without("s2"), killed=frozenset({"validator"}))),
    "a gap of another's": ("split_traces", books(spans=without("s3"), killed=frozenset({"router"}))),
    "a letter": ("bad_letters", books(log=LogBook((END,), SAID, (Letter("router", "handler_error", PLACE),)))),
    "poison, no letter": ("bad_letters", books(poison=frozenset({PLACE}))),
    "an end long after its deadline": ("late", books(ledger=ledger(row=OVERDUE))),
    "an end long after all was ready again": ("late", books(ledger=ledger(row=OVERDUE), ready_at=100.0 + LATEST_S)),
    "a lease": ("leaked", books(residue=("1 leases in force",))),
}


def test_good_books_are_found_good() -> None:
    assert reconcile(books()) == ()


@pytest.mark.parametrize("how", DOCTORED)
def test_a_doctored_book_is_found_out(how: str) -> None:
    invariant, doctored = DOCTORED[how]
    assert invariant in {finding.invariant for finding in reconcile(doctored)}


def test_every_invariant_can_fail() -> None:
    assert {invariant for invariant, _ in DOCTORED.values()} == set(INVARIANTS)


REPEATED = ledger(tried=replace(TRIED, micro_usd=19_000, bounded=True), stored=TWICE)
UNKNOWN = replace(TRIED, outcome="failed", reason="outcome_unknown", micro_usd=19_000, bounded=True)
ALLOWED: dict[str, Callable[[], Books]] = {
    "the same end said again": lambda: books(log=ended(END, END)),
    "a request that a person may still answer": lambda: books(log=DEFERRED, ledger=ledger(OPEN), looked_at=999.0),
    "a request that a person answered later": lambda: books(log=replace(DEFERRED, ends=(END,)), looked_at=2_000.0),
    "a request that was not acknowledged": lambda: books(
        sent=frozenset({ASKED, STRANGER}), ledger=Ledger((ROW, replace(ROW, request_id=STRANGER)), (TRIED,), (STORED,))
    ),
    "a cut call, made again and counted": lambda: books(calls=(CUT, CALL), ledger=REPEATED),
    "a cut call, not made again": lambda: books(
        calls=(CUT,), ledger=ledger(STRICT, UNKNOWN, replace(TWICE, outcome="attempt.failed", reason="outcome_unknown"))
    ),
    "a call that was cut as it was sent": lambda: books(
        calls=(LATE,),
        ledger=ledger(
            tried=replace(TRIED, outcome="failed", micro_usd=19_000, bounded=True),
            stored=replace(STORED, outcome="attempt.failed", reason="timeout"),
        ),
    ),
    "spans that died with their process": lambda: books(spans=without("s2"), killed=frozenset({"router"})),
    "a first span that died": lambda: books(spans=without("s1"), killed=frozenset({"profiler"})),
    "a client of the gateway that was told the end": lambda: books(told=(Told(ASKED, is_answered=True),)),
    "a client that asked again, and began another trace": lambda: books(
        log=LogBook((END,), (*SAID, Said("request.submitted.gateway", ASKED, "gateway", "u", "s0"))),
        told=(Told(ASKED, is_answered=True),),
    ),
    "poison that became a request, and failed": lambda: books(
        poison=frozenset({PLACE}), log=ended(END, End("request.failed", request_id_from_origin(*PLACE), "e3", "{}"))
    ),
    "an end soon after all was ready again": lambda: books(ledger=ledger(row=OVERDUE), ready_at=100.0 + 2 * LATEST_S),
    "an end at a time that nobody can tell": lambda: books(ledger=ledger(row=OVERDUE), ready_at=float("inf")),
    "poison that became a letter": lambda: books(
        poison=frozenset({PLACE}), log=LogBook((END,), SAID, (Letter("router", "not_json", PLACE),))
    ),
}


@pytest.mark.parametrize("what", ALLOWED)
def test_what_a_fault_may_leave_is_no_finding(what: str) -> None:
    assert reconcile(ALLOWED[what]()) == ()


def test_leases_taken_over_are_counted() -> None:
    assert lease_repeats(books(calls=(CUT, CALL), ledger=REPEATED)) == 1


def test_how_late_counts_from_the_deadline_or_from_when_all_was_ready_again() -> None:
    row = replace(ROW, deadline_at=100.0, ended_at=104.0)
    assert lateness(books(ledger=ledger(row=row))) == {ASKED: 4.0}
    assert lateness(books(ledger=ledger(row=row), ready_at=103.0)) == {ASKED: 1.0}
    assert lateness(books(ledger=ledger(row=replace(row, ended_at=None)))) == {}
