"""How long batches may gather."""

from hypothesis import given
from hypothesis import strategies as st

from infra.bus.pace import FULL_PER_S, Pace

LONGEST_S = 0.02


def paused(rate: float, seconds: float = 2.0, *, events_a_request: float = 1.0) -> float:
    """The pause after single events at an even rate."""
    pace = Pace(LONGEST_S, events_a_request)
    return [pace.pause_after(1, 10 + step / rate) for step in range(1, int(rate * seconds))][-1]


def test_single_events_far_apart_never_wait() -> None:
    pace = Pace(LONGEST_S)
    assert not any(pace.pause_after(1, second) for second in range(1, 50))


def test_the_few_events_of_one_request_never_wait() -> None:
    pace = Pace(LONGEST_S)
    assert not any(pace.pause_after(1, 10 + step / 1000) for step in range(3))


def test_the_pause_grows_with_the_square_of_the_rate() -> None:
    at_500, at_250 = paused(500), paused(250)
    assert 3.5 < at_500 / at_250 < 4.5


def test_events_of_one_request_count_once() -> None:
    assert paused(900, events_a_request=3.0) < paused(900) / 8


@given(st.lists(st.tuples(st.integers(1, 500), st.floats(0, 1)), min_size=1))
def test_no_pause_is_longer_than_the_longest(batches: list[tuple[int, float]]) -> None:
    pace, now = Pace(LONGEST_S), 0.0
    for size, after in batches:
        now += after
        assert 0 <= pace.pause_after(size, now) <= LONGEST_S


def test_a_full_bus_waits_longest_and_that_fades() -> None:
    pace = Pace(LONGEST_S)
    assert pace.pause_after(int(FULL_PER_S), 10.0) == LONGEST_S
    assert pace.pause_after(1, 13.0) == 0
