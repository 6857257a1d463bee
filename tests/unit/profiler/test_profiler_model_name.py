"""What a client means by ``model``."""

from typing import Any

import pytest
from asking import asked, portfolio, received
from hypothesis import given
from hypothesis import strategies as st

from schemas.portfolio import Portfolio
from schemas.request import Grant
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


def called(**also: Any) -> Portfolio:
    """The portfolio, where ``large`` and the critical lane are called otherwise, too."""
    told = portfolio()
    models = {**told.models, "large": told.models["large"].model_copy(update={"also_called": ("meta-llama/Big:8b",)})}
    lanes = {**told.lanes, "critical": told.lanes["critical"].model_copy(update={"also_called": ("openai/gpt-4o",)})}
    return told.model_copy(update={"models": models, "lanes": lanes, **also})


def test_other_names_stand_for_the_own_ones() -> None:
    assert meant(asked(model="meta-llama/Big:8b"), called()).model == "large"
    lane = meant(asked(model="openai/gpt-4o"), called())
    assert (lane.model, lane.lane) == (None, "critical")
    assert {"meta-llama/Big:8b", "openai/gpt-4o"} <= {*names_of(called())}


def test_what_is_asked_by_another_name_goes_on_by_its_own_and_within_its_keys_lanes() -> None:
    request = profile(asked(model="meta-llama/Big:8b"), received(), "default", called(), TERMS).request
    assert request.pinned_model == "large"
    grant = Grant(key="mp-0123456789ab", lanes=("simple",))
    refused = profile(asked(model="openai/gpt-4o", grant=grant), received(), "default", called(), TERMS).refusal
    assert refused is not None
    assert refused.reason == "not_allowed"
    allowed = grant.model_copy(update={"lanes": ("critical",)})
    found = profile(asked(model="openai/gpt-4o", grant=allowed), received(), "default", called(), TERMS)
    assert (found.refusal, found.request.lane) == (None, "critical")


def test_the_nearest_of_the_other_names_is_told() -> None:
    refusal = profile(asked(model="meta-llama/Big:9b"), received(), "default", called(), TERMS).refusal
    assert refusal is not None
    assert "did you mean meta-llama/Big:8b" in refusal.detail
