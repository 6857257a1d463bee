"""The table of LiteLLM's settings, held against LiteLLM's own types: nothing is made up, and no routing forgotten."""

import inspect
from datetime import date
from importlib.metadata import files
from pathlib import Path
from typing import Any

import pytest

from infra.price_list import read_prices
from services.console.adapters.configurations import read_config
from services.console.domain.from_litellm.conversion import Source, converted
from services.console.domain.from_litellm.counterparts import COUNTERPARTS
from services.console.domain.from_litellm.shown import MODES, PROVIDERS
from services.console.domain.portfolio_file import read
from services.model_worker.adapters.litellm import import_litellm

READ_ELSEWHERE = {
    "litellm_params": "model base_url weight order cooldown_time max_parallel_requests num_retries "
    "headers extra_headers extra_body temperature top_p max_tokens max_completion_tokens stop seed user n "
    "presence_penalty frequency_penalty reasoning_effort thinking",
    "model_info": "mode max_tokens max_input_tokens max_output_tokens supports_vision supports_audio_input "
    "supports_function_calling supports_response_schema access_groups",
    "litellm_settings": "cache_params guardrails",
    "general_settings": "enable_jwt_auth litellm_jwtauth",
}
"""What LiteLLM takes beside the fields of its types: parameters of a call, facts of its price list, the proxy's own."""


EXAMPLES = [file for file in files("litellm") or () if file.match("proxy/example_config_yaml/*.yaml")]
"""Configurations that LiteLLM's makers ship."""


@pytest.fixture(scope="module")
def litellm() -> Any:
    """The library as workers import it: without a look at the network."""
    return import_litellm(1_000)


def of(section: str) -> set[str]:
    rows = (name.rpartition(".") for name in COUNTERPARTS)
    return {name for found, _, name in rows if found == section} - set(READ_ELSEWHERE.get(section, "").split())


def test_all_that_a_router_can_be_told_has_a_counterpart_or_is_told_to_have_none(litellm: Any) -> None:
    assert of("router_settings") == set(inspect.signature(litellm.Router.__init__).parameters) - {"self", "model_list"}


def test_no_setting_is_made_up(litellm: Any) -> None:
    from litellm.proxy._types import ConfigGeneralSettings
    from litellm.types.router import GenericLiteLLMParams, ModelInfo

    assert of("litellm_params") <= GenericLiteLLMParams.model_fields.keys()
    assert of("model_info") <= ModelInfo.model_fields.keys()
    assert of("general_settings") <= ConfigGeneralSettings.model_fields.keys()
    assert not [name for name in of("litellm_settings") if not hasattr(litellm, name)]


def test_the_vendors_and_modes_that_may_be_shown_are_litellms_own(litellm: Any) -> None:
    assert {each.value for each in litellm.LlmProviders} == PROVIDERS
    listed = {each.get("mode") for name, each in read_prices().entries.items() if name != "sample_spec"}
    assert listed - MODES <= {None, "evaluation", "extraction", "guardrail"}


def test_examples_of_its_makers_are_converted_to_valid_portfolios() -> None:
    prices = read_prices()
    source = Source("config.yaml", prices.entry, prices.version, date(2026, 5, 1))
    found = {each.name: converted(read_config(Path(str(each.locate()))), source) for each in EXAMPLES}
    documents = {name: each.document for name, each in found.items() if each.document is not None}
    assert len(documents) > 15
    assert not {name: read(text).findings for name, text in documents.items() if read(text).portfolio is None}
    assert all(each.document or each.told for each in found.values())
