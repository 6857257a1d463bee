"""How times, lapses and charts look on a page."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from services.console.adapters.pages.charts import interval_chart, line_chart
from services.console.adapters.pages.rendering import lapse, moment


def test_a_time_is_in_utc_and_breaks_after_its_date_only() -> None:
    told = "<time><span>2026-03-01</span> 08:00:05</time>"
    assert moment("2026-03-01T08:00:05.9Z") == told
    assert moment(datetime(2026, 3, 1, 10, 0, 5, tzinfo=timezone(timedelta(hours=2)))) == told
    assert moment(datetime(2026, 3, 1, 8, 0, 5, tzinfo=UTC)) == told
    assert moment(None) == "-"


@pytest.mark.parametrize(
    ("ms", "told"),
    [
        (0, "+0 ms"),
        (9_999, "+9999 ms"),
        (-3, "-3 ms"),
        (12_000, "+12 s"),
        (3_600_000, "+60 min"),
        (86_400_000, "+24 h"),
    ],
)
def test_a_lapse_is_told_in_the_unit_that_people_would_take(ms: int, told: str) -> None:
    assert lapse(ms) == told


@pytest.mark.parametrize(("theme", "guide"), [("light", "#d5dae1"), ("dark", "#39414c")])
def test_the_guides_of_a_chart_can_be_seen_on_its_page_and_stay_behind(theme: str, guide: str) -> None:
    for drawn in (line_chart("t", ["a", "b"], [1.0, 2.0], theme), interval_chart("t", [("a", 0.5, 0.1, 0.9)], theme)):
        text = drawn if isinstance(drawn, str) else drawn.decode()
        assert guide in text
        assert "stroke: black" not in text


def test_a_chart_of_small_prices_has_them_in_plain_digits() -> None:
    drawn = line_chart("t", ["a", "b"], [0.00007, 0.00001], "light")
    text = drawn if isinstance(drawn, str) else drawn.decode()
    assert "$0.00006" in text
    assert "e-05" not in text
