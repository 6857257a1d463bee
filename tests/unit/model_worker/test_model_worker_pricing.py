"""Money: whole micro-dollars, rounded up, by a named price list; and tokens that can be believed."""

from fractions import Fraction
from math import ceil
from typing import Any

import pytest
from dispatches import PER_TOKEN
from hypothesis import given
from hypothesis import strategies as st

from schemas.attempt import Cost, Usage
from schemas.models import Price
from schemas.vocabulary import CostKind
from services.model_worker.domain.pricing import (
    DEFAULT_TOKENS_PER_S,
    cost_of,
    most_usage,
    rate_from_list,
    rate_of,
)
from services.model_worker.domain.usage import usage_of

TOKENS = st.integers(min_value=0, max_value=2_000_000)


def test_dollars_a_million_are_micro_dollars_a_token_and_cached_input_is_cheaper() -> None:
    usage = Usage(input_tokens=1000, cached_input_tokens=400, output_tokens=100)
    assert cost_of(usage, rate_of(Price.of(PER_TOKEN), "r1")) == Cost(micro_usd=3000, price_list="2026-01-01")


def test_a_price_without_cached_input_or_day_falls_back() -> None:
    rate = rate_of(Price.of({"input": "0.25", "output": "2"}), "r1")
    assert cost_of(Usage(input_tokens=10, cached_input_tokens=10), rate) == Cost(micro_usd=3, price_list="revision-r1")


def test_what_is_written_into_the_providers_cache_has_its_own_price() -> None:
    usage = Usage(input_tokens=1000, cached_input_tokens=300, cache_write_tokens=200, output_tokens=100)
    rate = rate_of(Price.of({"input": "3", "cached_input": "0.3", "cache_write": "3.75", "output": "15"}), "r1")
    assert cost_of(usage, rate).micro_usd == 500 * 3 + 90 + 750 + 1500
    assert cost_of(usage, rate_of(Price.of({"input": "3", "output": "15"}), "r1")).micro_usd == 4500
    bound = cost_of(Usage(input_tokens=1000), rate, CostKind.BOUNDED)
    assert bound.micro_usd == 3750, "all of it may have been written there"


def test_a_list_tells_what_a_cache_costs() -> None:
    told = {"cache_read_input_token_cost": 1e-07, "cache_creation_input_token_cost": 1.25e-06}
    rate = rate_from_list({"input_cost_per_token": 1e-06, "output_cost_per_token": 5e-06, **told}, "litellm-1.2.3")
    assert rate is not None
    assert [Fraction(each, rate.parts) for each in (rate.input, rate.cached_input, rate.cache_write, rate.output)] == [
        1,
        Fraction(1, 10),
        Fraction(5, 4),
        5,
    ]


def test_an_hourly_price_is_spread_over_the_tokens_that_an_hour_holds() -> None:
    rate = rate_of(Price.of({"usd_per_hour": "0.05", "tokens_per_s": 125}), "r1")
    # 450,000 tokens an hour for 50,000 micro-dollars: nine tokens a micro-dollar
    assert cost_of(Usage(input_tokens=60, output_tokens=30), rate).micro_usd == 10
    assert cost_of(Usage(input_tokens=60, output_tokens=31), rate).micro_usd == 11


def test_an_hourly_price_without_a_measured_speed_takes_the_documented_one() -> None:
    told = rate_of(Price.of({"usd_per_hour": "0.36"}), "r1")
    assert told.output == Fraction(360_000, int(DEFAULT_TOKENS_PER_S) * 3600)


@given(TOKENS, TOKENS, TOKENS)
def test_cost_is_the_least_whole_micro_dollar_that_covers_the_exact_price(read: int, cached: int, written: int) -> None:
    rate = rate_of(Price.of(PER_TOKEN), "r1")
    exact = max(read - cached, 0) * Fraction(5, 2) + min(read, cached) * Fraction(5, 4) + written * 10
    usage = Usage(input_tokens=read, cached_input_tokens=cached, output_tokens=written)
    assert cost_of(usage, rate).micro_usd == ceil(exact)


@given(read=TOKENS, written=TOKENS)
def test_a_bound_is_never_below_a_cost_within_it(read: int, written: int) -> None:
    rate = rate_of(Price.of(PER_TOKEN), "r1")
    most = most_usage({"max_tokens": written}, most_input_tokens=read, most_output_tokens=2_000_000)
    bound = cost_of(most, rate, CostKind.BOUNDED)
    real = cost_of(Usage(input_tokens=read // 2, output_tokens=min(written or 2_000_000, 7)), rate)
    assert bound.kind is CostKind.BOUNDED
    assert bound.micro_usd >= real.micro_usd


@pytest.mark.parametrize(
    ("payload", "written"),
    [
        ({}, 4096),
        ({"max_tokens": 100}, 100),
        ({"max_completion_tokens": 50, "max_tokens": 100}, 50),
        ({"max_tokens": 99_999}, 4096),
        ({"max_tokens": 100, "n": 3}, 300),
        ({"max_tokens": "many", "n": True}, 4096),
        ({"max_tokens": -1}, 4096),
    ],
)
def test_the_most_that_can_be_written(payload: dict[str, Any], written: int) -> None:
    assert most_usage(payload, most_input_tokens=5, most_output_tokens=4096).output_tokens == written


def test_a_listed_price_is_in_dollars_a_token_and_floats_stay_exact() -> None:
    rate = rate_from_list({"input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05}, "litellm-1.2.3")
    assert rate is not None
    assert (rate.input, rate.cached_input, rate.output, rate.parts) == (5, 5, 20, 2)
    assert rate.price_list == "litellm-1.2.3"


def test_an_embedding_model_of_the_list_is_priced_by_what_it_reads() -> None:
    rate = rate_from_list({"mode": "embedding", "input_cost_per_token": 1e-07}, "litellm-1.2.3")
    assert cost_of(Usage(input_tokens=1_000_000, output_tokens=0), rate).micro_usd == 100_000


@pytest.mark.parametrize("entry", [{}, {"input_cost_per_token": "free", "output_cost_per_token": 1}, {"mode": "image"}])
def test_an_entry_without_a_price_a_token_is_no_price(entry: dict[str, Any]) -> None:
    assert rate_from_list(entry, "litellm-1.2.3") is None


def test_without_any_price_the_cost_names_no_price_list() -> None:
    assert cost_of(Usage(input_tokens=5), None) == Cost(micro_usd=0, price_list=None)


def read_usage(told: Any) -> Usage:
    return usage_of(told, prompt_characters=400, answer_characters=39, context_tokens=4096)


def test_the_providers_own_count_is_taken() -> None:
    told = {"prompt_tokens": 101, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 64}}
    assert read_usage(told) == Usage(input_tokens=101, cached_input_tokens=64, output_tokens=9)


@pytest.mark.parametrize(
    "told",
    [
        {"prompt_tokens_details": {"cached_tokens": 64, "cache_creation_tokens": 30}},
        {"prompt_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 30}},
        {"prompt_tokens_details": {"cached_tokens": 64}, "cache_creation_input_tokens": 30},
    ],
)
def test_what_was_written_into_a_cache_is_read_by_all_its_names(told: Any) -> None:
    usage = read_usage({"prompt_tokens": 101, "completion_tokens": 9, **told})
    assert (usage.input_tokens, usage.cached_input_tokens, usage.cache_write_tokens) == (101, 64, 30)


@pytest.mark.parametrize(
    ("told", "written", "reasoning"),
    [
        ({"completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 7}}, 9, 7),
        ({"completion_tokens": 9, "total_tokens": 110, "completion_tokens_details": {"reasoning_tokens": 7}}, 9, 7),
        ({"completion_tokens": 9, "total_tokens": 117, "completion_tokens_details": {"reasoning_tokens": 7}}, 16, 7),
        ({"completion_tokens": 9, "total_tokens": 140, "completion_tokens_details": {"reasoning_tokens": 30}}, 39, 30),
        ({"completion_tokens": 9, "total_tokens": 110, "completion_tokens_details": {"reasoning_tokens": 0}}, 9, 0),
        ({"completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 10}}, 9, 0),
        ({"completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": "7"}}, 9, 0),
        ({"completion_tokens": 9, "completion_tokens_details": None}, 9, 0),
        ({"completion_tokens": 9, "total_tokens": 515}, 414, 405),
        (
            {"completion_tokens": 9, "total_tokens": 515, "completion_tokens_details": {"reasoning_tokens": None}},
            414,
            405,
        ),
        ({"completion_tokens": 9, "total_tokens": 515, "completion_tokens_details": {"reasoning_tokens": 0}}, 9, 0),
        ({"completion_tokens": 9, "total_tokens": 174, "prompt_tokens_details": {"cached_tokens": 64}}, 9, 0),
        ({"completion_tokens": 9, "total_tokens": 515, "prompt_tokens_details": {"cached_tokens": 64}}, 414, 405),
        ({"completion_tokens": 9, "total_tokens": 110 + 4097}, 9, 0),
        ({"completion_tokens": 9, "total_tokens": 109}, 9, 0),
        ({"completion_tokens": 9, "total_tokens": 515.0}, 9, 0),
        ({"completion_tokens": 9, "total_tokens": True}, 9, 0),
    ],
)
def test_tokens_of_reasoning_are_among_those_written_and_paid_once(told: Any, written: int, reasoning: int) -> None:
    usage = read_usage({"prompt_tokens": 101, **told})
    assert (usage.output_tokens, usage.reasoning_tokens) == (written, reasoning)
    rate = rate_of(Price.of({"input": "1", "cached_input": "1", "output": "10"}), "r1")
    assert cost_of(usage, rate).micro_usd == 101 + 10 * written


def test_more_written_than_read_is_not_believed() -> None:
    details = {"cached_tokens": 64, "cache_creation_tokens": 38}
    told = {"prompt_tokens": 101, "completion_tokens": 9, "prompt_tokens_details": details}
    assert read_usage(told).cache_write_tokens == 0


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        "many",
        {},
        {"prompt_tokens": 0, "completion_tokens": 0},
        {"prompt_tokens": 0, "completion_tokens": 9},
        {"prompt_tokens": 101, "completion_tokens": 0},
        {"prompt_tokens": -5, "completion_tokens": 9},
        {"prompt_tokens": 5, "completion_tokens": 10**12},
        {"prompt_tokens": 4097, "completion_tokens": 1},
        {"prompt_tokens": 5.5, "completion_tokens": 9},
        {"prompt_tokens": "5", "completion_tokens": 9},
        {"prompt_tokens": True, "completion_tokens": 9},
    ],
)
def test_absent_or_absurd_usage_is_estimated_and_says_so(told: Any) -> None:
    assert read_usage(told) == Usage(input_tokens=100, output_tokens=10, estimated=True)


@pytest.mark.parametrize("details", [{"cached_tokens": 102}, {"cached_tokens": -1}, "x", None])
def test_absurd_cached_tokens_are_not_believed(details: Any) -> None:
    told = {"prompt_tokens": 101, "completion_tokens": 9, "prompt_tokens_details": details}
    assert read_usage(told) == Usage(input_tokens=101, output_tokens=9)
