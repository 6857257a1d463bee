from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from schemas.deadlines import LAST_MARGIN, TIMER_GRACE, attempt_deadline, renewed

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
spans = st.timedeltas(timedelta(milliseconds=1), timedelta(days=1))


@given(spans, st.integers(-3, 10))
def test_an_attempt_ends_between_now_and_the_requests_own_end(span: timedelta, left: int) -> None:
    assert NOW <= attempt_deadline(NOW, NOW + span, left) < NOW + span


@given(spans, st.integers(2, 10))
def test_an_attempt_that_others_may_follow_takes_half_of_what_the_last_may(span: timedelta, left: int) -> None:
    some = attempt_deadline(NOW, NOW + span, left) - NOW
    all_of_it = attempt_deadline(NOW, NOW + span, 1) - NOW

    assert abs(all_of_it - 2 * some) <= timedelta(microseconds=2)


@given(st.timedeltas(2 * LAST_MARGIN, timedelta(days=1)))
def test_the_last_attempts_timer_and_verdict_come_before_the_end(span: timedelta) -> None:
    assert attempt_deadline(NOW, NOW + span, 1) + TIMER_GRACE < NOW + span


@given(st.timedeltas(timedelta(), timedelta(days=1)))
def test_past_the_end_there_is_no_time(late: timedelta) -> None:
    assert attempt_deadline(NOW, NOW - late, 2) == NOW


@given(spans)
def test_attempts_after_each_other_all_fit(span: timedelta) -> None:
    now = NOW
    for left in range(10, 0, -1):
        ends = attempt_deadline(now, NOW + span, left)
        assert now <= ends < NOW + span
        now = ends


@given(spans, spans, st.integers(1, 10))
def test_what_is_asked_for_late_has_a_share_of_what_is_left_and_never_less_time(
    span: timedelta, late: timedelta, left: int
) -> None:
    given, ends = attempt_deadline(NOW, NOW + span, left), NOW + span
    anew = renewed(given, NOW + late, ends)

    assert anew == max(given, attempt_deadline(NOW + late, ends, 2))
    assert anew <= max(ends, NOW + late)


@given(spans, st.integers(2, 10))
def test_what_is_asked_for_at_once_keeps_its_deadline(span: timedelta, left: int) -> None:
    given = attempt_deadline(NOW, NOW + span, left)

    assert renewed(given, NOW, NOW + span) == given
