"""What models achieve is known as of the moment at which a request was admitted, whatever came since."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from routing import NOW, scored

from schemas.standing import ModelScored
from services.router.domain.scores import MOST_KEPT, NO_SCORES, SETTLED, ScoresView


def view(*events: ModelScored) -> ScoresView:
    found = ScoresView()
    for event in events:
        found.apply_score(event)
    return found


def test_nothing_is_known_before_the_first_score_has_settled() -> None:
    found = view(scored("small", 1, at=NOW))

    assert found.known_to(NOW + SETTLED - timedelta(milliseconds=1)) is NO_SCORES
    known = found.known_to(NOW + SETTLED)
    assert known.tasks == {"faq"}
    assert known.of("faq", "small", "local") is not None
    assert known.of("faq", "large", "azure") is None


def test_a_request_keeps_the_scores_of_its_moment() -> None:
    first, second = scored("small", 1, good=90, at=NOW), scored("small", 2, good=1, at=NOW + timedelta(minutes=1))
    admitted = NOW + timedelta(seconds=30)
    before = view(first).known_to(admitted)

    after = view(first, second).known_to(admitted)

    assert after.of("faq", "small", "local") == first
    assert (after.version, after.by_path) == (before.version, before.by_path)
    assert view(first, second).known_to(NOW + timedelta(minutes=2)).of("faq", "small", "local") == second


def test_a_request_from_before_all_states_that_are_kept_is_planned_by_the_oldest_of_them() -> None:
    many = [scored("small", number, at=NOW + timedelta(seconds=number)) for number in range(1, 3 * MOST_KEPT)]

    known = view(*many).known_to(NOW - timedelta(minutes=3))

    assert known.of("faq", "small", "local") == many[-MOST_KEPT]
    assert view(*many[:MOST_KEPT]).known_to(NOW - timedelta(minutes=3)) is NO_SCORES


def test_an_older_sequence_is_ignored() -> None:
    newer, older = scored("small", 7, good=50), scored("small", 6, good=1)

    known = view(newer, older).known_to(NOW + SETTLED)

    assert known.of("faq", "small", "local") == newer


events = st.lists(
    st.builds(
        lambda model, second: scored(model, second, good=second, at=NOW + timedelta(seconds=second)),
        st.sampled_from(["small", "large", "second"]),
        st.integers(1, MOST_KEPT),
    ),
    unique_by=lambda event: (event.model, event.sequence),
    max_size=30,
)


@given(events, st.randoms(use_true_random=False), st.integers(0, 40))
def test_the_order_in_which_scores_come_changes_nothing(told: list[ModelScored], shuffled: object, second: int) -> None:
    other = list(told)
    shuffled.shuffle(other)  # type: ignore[attr-defined]
    moment = NOW + timedelta(seconds=second)

    known, again = view(*told).known_to(moment), view(*other).known_to(moment)

    assert (known.version, known.by_path, known.tasks) == (again.version, again.by_path, again.tasks)


def test_only_the_last_states_are_kept_and_lose_no_model() -> None:
    many = [scored("small", number, at=NOW + timedelta(seconds=number)) for number in range(1, 3 * MOST_KEPT)]
    found = view(scored("large", 1, at=NOW), *many)

    known = found.known_to(NOW + timedelta(hours=1))

    assert known.of("faq", "large", "azure") is not None
    assert known.of("faq", "small", "local") == many[-1]
