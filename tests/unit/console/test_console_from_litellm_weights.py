"""How deployments of a LiteLLM group shared requests is how the model's endpoints do."""

import pytest
from litellm_configs import Case, case

from schemas.models import MOST_WEIGHT


def weights(strategy: str, *params: str, cost: str = "1e-6") -> list[float | None]:
    """The endpoints' weights, of deployments with these parameters. The second costs as much as told."""
    costs = ("1e-6", cost, cost)
    listed = "".join(
        f"  - model_name: m\n    litellm_params: {{model: openai/m{at}, api_base: 'http://h{at}.lan/v1', "
        f"input_cost_per_token: {costs[at]}, output_cost_per_token: 2e-6, {told}}}\n"
        for at, told in enumerate(params)
    )
    settings = f"router_settings: {{routing_strategy: {strategy}}}\n" if strategy else ""
    return [each.weight for each in case(f"model_list:\n{listed}{settings}").model("m").endpoints]


@pytest.mark.parametrize("strategy", ["", "simple-shuffle"])
def test_a_shuffle_goes_by_weight_else_by_rpm_else_by_tpm(strategy: str) -> None:
    assert weights(strategy, "weight: 3, rpm: 10", "weight: 1, rpm: 90") == [3, 1]
    assert weights(strategy, "rpm: 10, tpm: 5", "rpm: 90") == [10, 90]
    assert weights(strategy, "tpm: 1000", "tpm: 3000") == [1000, 3000]


def test_what_does_not_say_what_the_others_do_stands_by() -> None:
    assert weights("", "weight: 0.5", "rpm: 100", "weight: 2") == [0.5, 0, 2]


def of_one_twice(*weights: str) -> Case:
    """Three deployments, of which the first two are the same but for their weights."""
    listed = "".join(
        f"  - model_name: m\n    litellm_params: {{model: openai/m, api_base: 'http://{host}.lan/v1', "
        f"input_cost_per_token: 1e-6, output_cost_per_token: 2e-6, {told}}}\n"
        for host, told in zip(("a", "a", "b"), weights, strict=True)
    )
    return case(f"model_list:\n{listed}")


@pytest.mark.parametrize(
    ("told", "shared"),
    [
        (("weight: 1", "weight: 3", "weight: 1"), [4, 1]),
        (("", "weight: 3", "weight: 1"), [3, 1]),
        (("weight: 2", "", "weight: 1"), [2, 1]),
        (("", "", "weight: 1"), [0, 1]),
        (("", "", ""), [2, 1]),
    ],
)
def test_the_same_deployment_twice_has_both_weights(told: tuple[str, ...], shared: list[float]) -> None:
    found = of_one_twice(*told)
    assert [each.weight for each in found.model("m").endpoints] == shared
    assert "the same deployment twice is one endpoint here" in found.said("model_list")


def test_equal_deployments_share_by_themselves_and_others_by_an_even_weight() -> None:
    assert weights("", "", "") == [None, None]
    assert weights("", "", "", cost="2e-6") == [1, 1]
    assert weights("", "weight: 0", "weight: 0", cost="2e-6") == [1, 1]


def test_of_other_strategies_the_cheapest_first_alone_is_kept() -> None:
    assert weights("cost-based-routing", "weight: 3", "weight: 1", cost="2e-6") == [None, None]
    assert weights("least-busy", "weight: 3", "weight: 1", cost="2e-6") == [1, 1]


def test_a_deployment_alone_has_no_weight() -> None:
    assert weights("", "weight: 3") == [None]


def test_a_weight_beyond_what_a_portfolio_takes_keeps_its_part() -> None:
    assert weights("", f"weight: {4 * MOST_WEIGHT}", f"weight: {MOST_WEIGHT}") == [1, 0.25]


def test_who_stands_by_is_told_in_the_document() -> None:
    told = "weight: 0   # it stands by"
    text = "model_list: [{model_name: m, litellm_params: {model: gpt-4.1, rpm: 5}}, " + (
        "{model_name: m, litellm_params: {model: azure/gpt-4.1, api_base: 'https://a.openai.azure.com'}}]"
    )
    assert told in (case(text).found.document or "")
