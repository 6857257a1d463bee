"""Requests that are drawn by their ids: the right share of them, and each purpose draws its own."""

from math import sqrt
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.ids import is_drawn, mirror_lot_of

MANY = 10_000
SHARES = st.floats(0.2, 0.9)
MOST_SIGMAS = 6
"""So far from what is expected a share of independent draws comes in two of a billion tries."""


def ids_from(first: int) -> list[UUID]:
    """As clients may give them: one after the other."""
    return [UUID(int=first + number) for number in range(MANY)]


def is_about(found: int, share: float) -> bool:
    return abs(found - MANY * share) <= MOST_SIGMAS * sqrt(MANY * share * (1 - share))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**128 - MANY), SHARES)
def test_the_share_of_requests_that_are_drawn_is_the_one_asked_for(first: int, share: float) -> None:
    ids = ids_from(first)

    assert is_about(sum(is_drawn(each, share) for each in ids), share)
    assert is_about(sum(is_drawn(mirror_lot_of(each), share) for each in ids), share)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**128 - MANY), SHARES, SHARES)
def test_what_is_explored_is_mirrored_no_more_often_than_the_rest(first: int, explored: float, mirrored: float) -> None:
    ids = ids_from(first)
    both = sum(is_drawn(each, explored) and is_drawn(mirror_lot_of(each), mirrored) for each in ids)

    assert is_about(both, explored * mirrored)


@given(st.uuids(), st.floats(0, 1), st.floats(0, 1))
def test_a_request_that_is_drawn_is_drawn_in_every_larger_share(lot: UUID, one: float, other: float) -> None:
    small, large = sorted((one, other))

    assert is_drawn(lot, large) or not is_drawn(lot, small)
    assert is_drawn(lot, 1)
    assert not is_drawn(lot, 0)
