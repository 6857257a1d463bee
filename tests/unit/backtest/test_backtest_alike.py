"""Whether how alike answers are tells which are right."""

from pathlib import Path
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from infra.backtest.alike import Scored, area, measured

scored = st.lists(st.builds(Scored, st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), st.booleans()), max_size=30)


@given(scored)
def test_the_area_is_how_often_a_right_one_is_more_alike_than_a_wrong_one(cases: list[Scored]) -> None:
    right, wrong = ([case.score for case in cases if case.right is kind] for kind in (True, False))
    pairs = [(one > other) + (one == other) / 2 for one in right for other in wrong]

    assert abs(area(cases) - (sum(pairs) / len(pairs) if pairs else 0.5)) < 1e-9


def test_sums_that_are_alike_are_right_and_texts_need_not_be(recorded_data: Path) -> None:
    told = cast("dict[str, Any]", measured(recorded_data))

    sums = told["gsm8k gemini-1_5-flash by gpt-4o-mini"]
    texts = told["ifeval Meta-Llama-3_1 by gpt-4o-mini"]
    assert (sums["n"], sums["same"], sums["same_wrong"]) == (676, 609, 12)
    assert sums["area"]["low"] > 0.8
    assert texts["area"]["low"] < 0.55
