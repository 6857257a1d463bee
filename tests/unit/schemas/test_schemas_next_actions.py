"""The table of reasons, and what a lane's wishes make of it."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.next_actions import ACTIONS, actions_for
from schemas.vocabulary import Action


@given(
    reason=st.sampled_from([*ACTIONS, "a_reason_of_tomorrow"]),
    failed=st.lists(st.sampled_from(["schema", "tool_calls", "words"]), max_size=3),
    wish=st.dictionaries(st.sampled_from([*ACTIONS, "schema", "format", "words"]), st.sampled_from(Action), max_size=4),
)
def test_a_lanes_wish_adds_and_reorders_and_takes_nothing_away(
    reason: str, failed: list[str], wish: dict[str, Action]
) -> None:
    usual, found = actions_for(reason, failed, {}), actions_for(reason, failed, wish)

    assert len(found) == len(set(found))
    assert set(usual) <= set(found) <= {*usual, *wish.values()}
