"""Nothing that may be a key reaches a text of the conversion, wherever in a LiteLLM configuration it stands."""

import pytest
from litellm_configs import case

from services.console.domain.from_litellm.shown import is_variable, may_be_a_key

KEY = "sk-SECRET-abcdef123"
AWS = "AKIA"
MODEL = "model_list: [{{model_name: m, litellm_params: {{model: openai/gpt-4.1{}}}}}{}]\n"


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        (MODEL.format("", "") + f"router_settings: {{model_group_alias: {{x: {{api_key: {KEY}}}}}}}", "alias"),
        (MODEL.format("", "") + f"router_settings: {{model_group_alias: {{x: {KEY}}}}}", "alias"),
        (MODEL.format("", "") + f"router_settings: {{model_group_alias: {{x: [{KEY}]}}}}", "alias"),
        (MODEL.format("", "") + f"router_settings: {{fallbacks: [{{m: [{KEY}]}}]}}", "fallbacks"),
        (MODEL.format("", "") + f"router_settings: {{default_fallbacks: [{KEY}]}}", "fallbacks"),
        (MODEL.format(f", custom_llm_provider: {KEY}", ""), "litellm_params.model"),
        (MODEL.format(f", api_key: os.environ/{KEY}", ""), "litellm_params.api_key"),
        (MODEL.format(f", api_base: os.environ/{KEY}", ""), "litellm_params.api_base"),
        (MODEL.format(f', api_base: "https://host/v1/{KEY}/openai"', ""), "litellm_params.api_base"),
        (MODEL.format(f', api_base: "https://host/v1;{KEY}=1"', ""), "litellm_params.api_base"),
        (MODEL.format("", f", {{model_name: n, litellm_params: {{model: x}}, model_info: {{mode: {KEY}}}}}"), "mode"),
    ],
)
def test_what_may_be_a_key_is_told_of_and_never_quoted(text: str, setting: str) -> None:
    found = case(text)
    told = f"{found.found}".casefold().replace("_", "-")
    assert KEY.casefold() not in told
    assert "secret-abcdef123" not in told
    assert [each for each in found.found.told if setting in each.setting], "it is told by its setting"


def test_a_key_in_the_place_of_a_variables_name_is_a_key_that_stands_in_the_file() -> None:
    found = case(MODEL.format(f", api_key: os.environ/{KEY}", ""))
    assert found.provider("m").api_key_env == "OPENAI_API_KEY"
    assert found.said("litellm_params.api_key")[0].startswith("a key stands in the configuration")


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "AZURE_API_KEY_2", "hf_token", "KEY_20240513", "key"])
def test_names_of_variables_are_names(name: str) -> None:
    assert is_variable(name)


@pytest.mark.parametrize(
    "text", ["sk-abcd1", f"{AWS}IOSFODNN7EXAMPLE", "hf_ab12cd34ef56gh78ij", "abc123def456ghi789jkl", "0123456789abcdef"]
)
def test_what_looks_like_a_key_is_no_name(text: str) -> None:
    assert not is_variable(text)
    assert may_be_a_key(f"https://host/v1/{text}/openai")


@pytest.mark.parametrize(
    "base",
    ["https://team-eu.openai.azure.com/openai/deployments/gpt-4o-2024-05-13", "http://llama-3.svc.cluster.local:8000"],
)
def test_an_ordinary_address_stays(base: str) -> None:
    assert not may_be_a_key(base)
