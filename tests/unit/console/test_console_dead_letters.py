"""What became of a letter, by what stands on its topic, in whatever order operators came."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.domain.dead_letters import (
    LEASE,
    Act,
    Case,
    Choice,
    DeadLetter,
    Deed,
    Docket,
    LetterName,
    State,
    letter_name,
    letter_services,
)
from services.console.domain.failures import Misused

AT = datetime(2026, 5, 4, tzinfo=UTC)
NAME = LetterName("profiler", 12)
SHORT, LONG = LEASE / 2, LEASE * 2


def letter(name: LetterName = NAME, at: datetime = AT, topic: str = "request.submitted") -> DeadLetter:
    return DeadLetter(name, at, "handler_error", "KeyError", topic, 3, 40, b"k", 10)


def deed(act: Act, after: timedelta, run: str = "mine") -> Deed:
    return Deed(NAME, act, run, "tester", AT + after)


def case_of(*deeds: Deed) -> Case:
    docket = Docket()
    for entry in (letter(), *deeds):
        docket.hear(entry)
    return docket.cases[NAME]


def test_a_letter_is_open_until_something_is_done_with_it() -> None:
    assert case_of().state(AT) is State.OPEN


def test_the_first_claim_holds_the_letter_and_its_holder_replays_it() -> None:
    case = case_of(deed(Act.CLAIMED, SHORT, "first"), deed(Act.CLAIMED, SHORT, "second"))

    assert case.state(AT + SHORT) is State.REPLAYING
    assert case.holder == deed(Act.CLAIMED, SHORT, "first")
    case.hear(deed(Act.REPLAYED, LEASE, "first"))
    assert case.state(AT + LONG) is State.REPLAYED


def test_a_claim_that_came_to_nothing_leaves_the_letter_open_and_is_remembered() -> None:
    first, second = deed(Act.CLAIMED, timedelta(0), "first"), deed(Act.CLAIMED, LONG, "second")
    case = case_of(first)

    assert case.state(AT + LONG) is State.OPEN
    case.hear(second)
    assert (case.holder, case.first_claim) == (second, first)


def test_what_is_being_replayed_cannot_be_dropped_and_what_ended_stays_so() -> None:
    case = case_of(deed(Act.CLAIMED, timedelta(0)), deed(Act.DROPPED, SHORT, "other"))

    assert case.state(AT + SHORT) is State.REPLAYING
    case.hear(deed(Act.REPLAYED, SHORT))
    case.hear(deed(Act.DROPPED, LONG, "other"))
    assert case.state(AT + LONG) is State.REPLAYED


def test_a_deed_on_a_letter_that_is_gone_says_nothing() -> None:
    docket = Docket()
    docket.hear(deed(Act.DROPPED, SHORT))

    assert docket.cases == {}


DEEDS = st.lists(
    st.builds(
        deed,
        st.sampled_from(Act),
        st.integers(min_value=0, max_value=300).map(lambda seconds: timedelta(seconds=seconds)),
        st.sampled_from(["first", "second", "third"]),
    ),
    max_size=12,
).map(lambda deeds: sorted(deeds, key=lambda each: each.at))


@given(DEEDS)
def test_one_run_at_most_holds_a_letter_at_any_time(deeds: list[Deed]) -> None:
    """Each who reads back sees the same holder, so that no two replay a letter within one lease."""
    case = case_of()
    for each in deeds:
        before = case.holder
        case.hear(each)
        if case.holder is not before and before is not None:
            assert each.at - before.at > LEASE


@given(DEEDS)
def test_the_first_end_is_the_end(deeds: list[Deed]) -> None:
    case = case_of()
    ends = [case.end for each in deeds if case.hear(each) is None and case.end is not None]

    assert all(end == ends[0] for end in ends)


def test_a_choice_means_what_all_its_filters_mean() -> None:
    cases = [Case(letter()), Case(letter(LetterName("ledger", 1), AT + LONG, "attempt.failed"))]

    assert Choice().of(cases) == cases
    assert Choice(names=(NAME,)).of(cases) == cases[:1]
    assert Choice(service="ledger").of(cases) == cases[1:]
    assert Choice(topic="attempt.failed").of(cases) == cases[1:]
    assert Choice(since=AT + SHORT).of(cases) == cases[1:]
    assert Choice(reason="not_json").of(cases) == []
    assert Choice(names=(NAME,), service="ledger").of(cases) == []


def test_only_the_topics_that_matter_are_read() -> None:
    assert Choice(service="router").services == ("router",)
    assert Choice(names=(NAME, NAME)).services == ("profiler",)
    assert Choice().services == letter_services()


def test_letters_are_named_as_they_are_listed() -> None:
    assert letter_name("model_worker@7".replace("_", "-")) == LetterName("model-worker", 7)
    assert str(letter_name("profiler@12")) == "profiler@12"
    for wrong in ("profiler", "profiler@", "nobody@1", "profiler@-1", "profiler@1 "):
        with pytest.raises(Misused):
            letter_name(wrong)
