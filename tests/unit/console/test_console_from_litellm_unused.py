"""A value of a LiteLLM configuration that would be carried over, and is not, is told."""

import pytest
from litellm_configs import case

from services.console.domain.from_litellm.told import Fate


@pytest.mark.parametrize(
    ("section", "setting"),
    [
        ("litellm_params", "region_name: ap-south-1"),
        ("litellm_params", "region_name: os.environ/REGION"),
        ("litellm_params", "rpm: 0"),
        ("litellm_params", "tpm: 0.5"),
        ("litellm_params", "timeout: 0"),
        ("litellm_params", "weight: heavy"),
        ("litellm_params", "api_base: 5"),
        ("model_info", 'supports_vision: "false"'),
        ("model_info", "supports_response_schema: os.environ/B"),
        ("model_info", "base_model: os.environ/BM"),
        ("model_info", "base_model: 5"),
        ("model_info", "mode: 7"),
        ("model_info", "mode: os.environ/MODE"),
        ("model_info", "max_output_tokens: 0"),
    ],
)
def test_a_value_that_is_not_used_is_told(section: str, setting: str) -> None:
    params, info = (setting if section == each else "" for each in ("litellm_params", "model_info"))
    deployment = f"{{model_name: m, litellm_params: {{model: gpt-4.1, {params}}}, model_info: {{{info}}}}}"
    found = case(f"model_list: [{deployment}]")
    name = setting.partition(":")[0]
    [told] = [each for each in found.found.told if each.setting == f"{section}.{name}"]
    assert (told.fate, told.of) == (Fate.TO_DO, ("m",))
    assert found.model("m").endpoints[0].price is not None, "by the model's own name"


@pytest.mark.parametrize(
    "setting",
    ["litellm_settings: {max_fallbacks: 2}", "litellm_settings: {max_budget: 9}", "litellm_settings: {cache: true}"],
)
def test_what_is_not_written_is_the_persons_to_do(setting: str) -> None:
    found = case(f"model_list: [{{model_name: m, litellm_params: {{model: gpt-4.1, cooldown_time: 5}}}}]\n{setting}")
    told = [each for each in found.found.told if each.setting.startswith("litellm_")]
    assert [each.fate for each in told] == [Fate.TO_DO, Fate.TO_DO]
    assert all(each.says.startswith("write ") for each in told)
