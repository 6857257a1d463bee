"""When the bus is busy enough to let batches gather."""

from infra.bus.pace import BUSY_EVENTS, Pace


def test_single_events_far_apart_never_make_it_busy() -> None:
    pace = Pace()
    assert not any(pace.busy_after(1, second) for second in range(1, 50))


def test_the_few_events_of_one_request_do_not_make_it_busy() -> None:
    pace = Pace()
    assert not any(pace.busy_after(1, 10 + step / 1000) for step in range(3))


def test_single_events_in_quick_succession_make_it_busy() -> None:
    pace = Pace()
    assert any(pace.busy_after(1, 10 + step / 300) for step in range(60))


def test_a_large_batch_makes_it_busy_and_that_fades() -> None:
    pace = Pace()
    assert pace.busy_after(int(BUSY_EVENTS) + 1, 10.0)
    assert not pace.busy_after(1, 11.0)
