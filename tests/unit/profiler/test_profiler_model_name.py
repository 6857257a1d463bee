"""What a client means by ``model``."""

from typing import Any

import pytest
from asking import asked, portfolio, received
from hypothesis import given
from hypothesis import strategies as st

from services.profiler.domain.admit import Terms, profile
from services.profiler.domain.model_name import meant, names_of

TERMS = Terms("0123456789ab", 600, frozenset())


@pytest.mark.parametrize(
    ("fields", "model", "lane", "task"),
    [
        ({"model": "auto"}, "auto", None, None),
        ({"model": "large"}, "large", None, None),
        ({"model": "portfolio/critical"}, None, "critical", None),
        ({"model": "critical"}, None, "critical", None),
        ({"model": "invoice"}, None, None, "invoice"),
        ({"model": "portfolio/critical", "lane": "simple"}, None, "simple", None),
        ({"model": "invoice", "task": "faq"}, None, None, "faq"),
        ({"model": "nobody"}, "nobody", None, None),
    ],
)
def test_a_lane_or_a_task_may_stand_in_model(
    fields: dict[str, Any], model: str | None, lane: str | None, task: str | None
) -> None:
    told = meant(asked(**fields), portfolio())
    assert (told.model, told.lane, told.task) == (model, lane, task)


def test_a_model_of_the_same_name_goes_first() -> None:
    both = portfolio()
    both = both.model_copy(update={"lanes": {**both.lanes, "large": both.lanes["simple"]}})
    assert meant(asked(model="large"), both).model == "large"
    assert meant(asked(model="portfolio/large"), both).lane == "large"


def test_a_task_named_as_the_model_is_profiled_as_that_task() -> None:
    request = profile(asked(model="invoice"), received(), "default", portfolio(), TERMS).request
    assert (request.profile.task, request.lane, request.pinned_model) == ("invoice", "critical", None)


@given(st.sampled_from(names_of(portfolio())))
def test_whatever_is_listed_can_be_asked(name: str) -> None:
    assert profile(asked(model=name), received(), "default", portfolio(), TERMS).refusal is None


@given(st.text(max_size=20).filter(lambda text: text not in names_of(portfolio())))
def test_whatever_else_is_no_model(name: str) -> None:
    refusal = profile(asked(model=name), received(), "default", portfolio(), TERMS).refusal
    assert name in portfolio().lanes or (refusal is not None and refusal.reason == "unknown_model")
