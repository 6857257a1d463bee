"""Prices of long prompts: the list's where its prices hold, and none of them beside the configuration's own."""

from datetime import date

import pytest

from services.console.domain.document import parse
from services.console.domain.from_litellm.conversion import Source, converted
from services.console.domain.from_litellm.counterparts import LONG_PROMPTS, counterpart
from services.console.domain.portfolio_file import read

LISTED = {
    "mode": "chat",
    "litellm_provider": "gemini",
    "input_cost_per_token": 1e-6,
    "input_cost_per_token_above_200k_tokens": 2e-6,
    "output_cost_per_token": 4e-6,
}
CONFIG = "model_list: [{model_name: pro, litellm_params: {model: gemini/pro, api_key: os.environ/GEMINI_API_KEY%s}}]"


@pytest.mark.parametrize(
    ("said", "long"), [("", 2_000_000), (", input_cost_per_token: 3.0e-6", 3_000_000)], ids=["listed", "its own"]
)
def test_a_long_prompt_is_paid_by_the_list_unless_the_configuration_tells_a_price(said: str, long: int) -> None:
    made = converted(
        parse(CONFIG % said).mapping or {}, Source("config.yaml", lambda _: LISTED, "litellm-1", date(2026, 5, 1))
    )
    reading = read(made.document or "")
    assert reading.portfolio is not None, reading.findings
    (model,) = reading.portfolio.models.values()
    price = model.endpoints[0].price
    assert price is not None
    assert price.micro_usd(1_000_000, 0) == long


def test_a_price_of_long_prompts_in_the_configuration_is_told_with_where_it_goes() -> None:
    assert counterpart("litellm_params", "input_cost_per_token_above_200k_tokens") is LONG_PROMPTS
