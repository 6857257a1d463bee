"""Claims on a review: the first holds it until his time is up, whoever else asks meanwhile."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.examples import examples
from schemas.review import ReviewClaimed, ReviewRequested
from services.console.domain.failures import Misused, Refused
from services.console.domain.reviews import Claimed, Review, claimed_by, given_back, reviews_of, spoken_by, told
from services.console.domain.since import in_words, lasting

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ASKED = examples()[ReviewRequested]


def review(*claims: tuple[str, float, float], due_s: float = 3_600) -> Review:
    """Claimed by each of these, at a second, for so many."""
    assert isinstance(ASKED, ReviewRequested)
    found = Review(ASKED.model_copy(update={"due_at": NOW + timedelta(seconds=due_s)}), NOW, None)
    taken = [
        Claimed(
            ReviewClaimed(request_id=found.asked.subject, reviewer=who, until=after(at + lasts), claimed_at=after(at)),
            after(at),
        )
        for who, at, lasts in claims
    ]
    return reviews_of([found], (), taken)[found.asked.subject]


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def held_by(found: Review, at: float) -> str | None:
    holder = found.holder(after(at))
    return holder.reviewer if holder else None


def test_the_first_holds_it_until_his_time_is_up() -> None:
    found = review(("ann", 0, 60), ("bob", 10, 60))
    assert [held_by(found, at) for at in (1, 59, 60, 69)] == ["ann", "ann", None, None]
    assert held_by(review(("ann", 0, 60), ("bob", 60, 60)), 61) == "bob"


def test_a_claim_is_made_longer_and_given_back_by_its_holder_alone() -> None:
    found = review(("ann", 0, 60), ("ann", 50, 60))
    assert held_by(found, 100) == "ann"
    back = given_back(found, "ann", after(70))
    assert back.until == after(70)
    assert held_by(review(("ann", 0, 60), ("ann", 30, 0)), 31) is None
    with pytest.raises(Refused, match="bob does not hold"):
        given_back(found, "bob", after(70))


def test_nobody_answers_what_another_holds() -> None:
    found = review(("ann", 0, 60))
    with pytest.raises(Refused, match=r"ann has claimed the review until 09:01:00"):
        spoken_by(found, "bob", None, "no", after(30))
    with pytest.raises(Refused, match="ann has claimed"):
        claimed_by(found, "bob", 60, after(30))
    assert spoken_by(found, "ann", None, "no", after(30)).reviewer == "ann"
    assert spoken_by(found, "bob", None, "no", after(60)).reviewer == "bob"


def test_a_claim_is_told_and_never_longer_than_the_review() -> None:
    found = review(("ann", 0, 60))
    assert told(found, after(1))["claimed_by"] == "ann"
    assert told(found, after(61))["claimed_by"] is None
    assert claimed_by(review(due_s=30), "ann", 900, NOW).until == after(30)
    with pytest.raises(Refused, match="unanswered"):
        claimed_by(review(due_s=30), "ann", 900, after(31))


@given(claims=st.lists(st.tuples(st.sampled_from(["ann", "bob", "eve"]), st.integers(0, 90)), max_size=12))
def test_while_one_holds_it_no_other_claim_takes_it(claims: list[tuple[str, int]]) -> None:
    made: list[tuple[str, float, float]] = []
    for at, (who, lasts) in enumerate(claims):
        before = held_by(review(*made), at * 10)
        made.append((who, at * 10, lasts))
        now = held_by(review(*made), at * 10)
        assert now in (before, who, None)
        if before not in (None, who):
            assert now == before


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("15m", 900), ("2h", 7_200)])
def test_how_long_is_told_as_a_while(text: str, seconds: float) -> None:
    assert lasting(text) == seconds


@pytest.mark.parametrize("text", ["", "0m", "soon", "15", "-5m"])
def test_what_is_no_while_is_named(text: str) -> None:
    with pytest.raises(Misused, match="say 30s, 15m or 2h"):
        lasting(text)


@pytest.mark.parametrize(
    ("at", "left_s", "is_deferred"),
    [(0, 3_600, False), (1_799, 1_801, False), (1_800, 1_800, True), (3_600, None, False)],
)
def test_it_is_told_how_long_a_person_has_still_and_whether_the_deadline_is_past(
    at: float, left_s: int | None, is_deferred: bool
) -> None:
    found = review()
    request = found.asked.request.model_copy(update={"deadline_at": after(1_800)})
    found.asked = found.asked.model_copy(update={"request": request})
    line = told(found, after(at))
    assert (line["left_s"], line["deferred"]) == (left_s, is_deferred)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59, "59 s"), (3_600, "1 h"), (7_325, "2 h 2 min"), (187_260, "2 d 4 h")]
)
def test_a_while_is_told_by_its_two_largest_units(seconds: int, words: str) -> None:
    assert in_words(seconds) == words
