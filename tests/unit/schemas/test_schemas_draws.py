"""Requests that are drawn by their ids: the right share of them, and each purpose draws its own."""

from math import sqrt
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.ids import Draw, is_drawn

MANY = 2_000
SHARES = st.floats(0.2, 0.9)
MOST_SIGMAS = 6
"""So far from what is expected a share of independent draws comes in two of a billion tries."""


def ids_from(first: int) -> list[UUID]:
    """As clients may give them: one after the other."""
    return [UUID(int=first + number) for number in range(MANY)]


def is_about(found: int, share: float) -> bool:
    return abs(found - MANY * share) <= MOST_SIGMAS * sqrt(MANY * share * (1 - share))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**128 - MANY), SHARES, st.sampled_from(Draw))
def test_the_share_of_requests_that_are_drawn_is_the_one_asked_for(first: int, share: float, purpose: Draw) -> None:
    assert is_about(sum(is_drawn(each, share, purpose) for each in ids_from(first)), share)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**128 - MANY), SHARES, SHARES)
def test_what_is_explored_is_mirrored_no_more_often_than_the_rest(first: int, explored: float, mirrored: float) -> None:
    ids = ids_from(first)
    both = sum(is_drawn(each, explored, Draw.EXPLORED) and is_drawn(each, mirrored, Draw.MIRRORED) for each in ids)

    assert is_about(both, explored * mirrored)


@given(st.uuids(), st.sampled_from(Draw), st.floats(0, 1), st.floats(0, 1))
def test_a_request_that_is_drawn_is_drawn_in_every_larger_share(
    request_id: UUID, purpose: Draw, one: float, other: float
) -> None:
    small, large = sorted((one, other))

    assert is_drawn(request_id, large, purpose) or not is_drawn(request_id, small, purpose)
    assert is_drawn(request_id, 1, purpose)
    assert not is_drawn(request_id, 0, purpose)
