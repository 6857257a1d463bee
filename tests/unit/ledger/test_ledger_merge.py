"""Two rows of one key become one, whatever their order."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.ledger.adapters.commuting_table import CommutingTable
from services.ledger.adapters.tables import ATTEMPTS

TABLE = CommutingTable(ATTEMPTS)
MOMENTS = st.integers(0, 2).map(lambda ms: datetime(2026, 3, 1, tzinfo=UTC) + timedelta(milliseconds=ms))
PLACES = st.sampled_from(["0/1", "0/2", "local/0/1", "acme/0/10"])


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    """An event's row: its content follows from where it stands in the log, as a record's does."""
    at, place = draw(MOMENTS), draw(PLACES)
    told = f"{at.isoformat()} {place}"
    known = {"request_id": 1, "number": 1, "admitted_at": draw(MOMENTS)}
    groups: dict[str, dict[str, Any]] = {
        "dispatched": {"dispatched_at": at, "dispatched_place": place, "model": told, "why": None},
        "accepted": {"accepted_at": at, "accepted_place": place, "verified": told},
        "nothing": {},
    }
    return known | groups[draw(st.sampled_from(list(groups)))]


@given(rows(), rows())
def test_merging_commutes(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert TABLE.merge(one, other) == TABLE.merge(other, one)


@given(rows(), rows(), rows())
def test_merging_is_associative(one: dict[str, Any], two: dict[str, Any], three: dict[str, Any]) -> None:
    assert TABLE.merge(TABLE.merge(one, two), three) == TABLE.merge(one, TABLE.merge(two, three))


@given(rows())
def test_merging_a_row_with_itself_changes_nothing(row: dict[str, Any]) -> None:
    assert TABLE.merge(row, row) == row


def test_the_earlier_event_stays_whole() -> None:
    dawn = datetime(2026, 3, 1, tzinfo=UTC)
    known = {"request_id": 1, "number": 1, "admitted_at": dawn}
    early = known | {"dispatched_at": dawn, "dispatched_place": "local/0/1", "model": "small", "why": None}
    late = early | {"dispatched_at": dawn + timedelta(seconds=1), "model": "large", "why": "it was free"}
    assert TABLE.merge(late, early) == early
