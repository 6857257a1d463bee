"""Keys of a LiteLLM configuration: each gets the name of a variable; none is copied, or sent to another address."""

from litellm_configs import AZURE, SECRET, case

from services.console.domain.from_litellm.told import Fate


def test_a_literal_key_is_told_to_go_into_the_environment_under_a_name() -> None:
    [told] = [each for each in case(AZURE).found.told if each.setting == "litellm_params.api_key"]
    assert (told.fate, told.of) == (Fate.TO_DO, ("gpt-4o",))
    assert told.says.endswith("put it into the environment under AZURE_GPT_4O_API_KEY")


def test_two_literal_keys_get_two_names_and_never_one_that_is_another_keys() -> None:
    rows = "\n".join(
        f"  - {{model_name: m{number}, litellm_params: {{model: openai/gpt-4.1, api_key: {key}}}}}"
        for number, key in enumerate(["os.environ/OPENAI_API_KEY", "sk-one", "sk-two", "sk-one"])
    )
    found = case(f"model_list:\n{rows}")
    names = [found.provider(f"m{number}").api_key_env for number in range(4)]
    assert names == ["OPENAI_API_KEY", "OPENAI_API_KEY_2", "OPENAI_API_KEY_3", "OPENAI_API_KEY_2"]


def test_a_key_of_another_address_never_gets_the_name_of_the_vendors_own() -> None:
    text = """
model_list:
  - {model_name: gpt-4.1, litellm_params: {model: openai/gpt-4.1}}
  - model_name: house
    litellm_params: {model: openai/x, api_base: "http://10.0.0.1/v1", api_key: sk-house}
    model_info: {mode: chat}
  - {model_name: other, litellm_params: {model: openai/gpt-4.1, api_key: sk-other}}
"""
    found = case(text)
    names = [found.provider(name).api_key_env for name in ("gpt-4.1", "house", "other")]
    assert names == ["OPENAI_API_KEY", "OPENAI_HOUSE_API_KEY", "OPENAI_API_KEY_2"]


def test_a_server_whose_key_is_not_named_is_sent_none_and_that_is_told() -> None:
    found = case(
        'model_list: [{model_name: m, litellm_params: {model: openai/x, api_base: "https://llm.example.com/v1"}}]'
    )
    assert found.provider("m").api_key_env is None
    assert found.said("litellm_params.api_key")[0].startswith("no key is named")


def test_a_credential_of_the_list_is_the_deployments_own() -> None:
    text = f"""
credential_list:
  - credential_name: eu
    credential_values: {{api_key: {SECRET}, api_base: "https://eu.openai.azure.com"}}
model_list:
  - {{model_name: m, litellm_params: {{model: azure/gpt-4o, litellm_credential_name: eu}}}}
  - {{model_name: n, litellm_params: {{model: azure/gpt-4o, litellm_credential_name: us}}}}
"""
    found = case(text)
    assert found.provider("m").base_url == "https://eu.openai.azure.com"
    assert found.said("litellm_params.litellm_credential_name")[0].startswith("no such credential")


def test_a_key_never_gets_the_name_of_a_variable_that_holds_another_already() -> None:
    text = """
model_list:
  - {model_name: a, litellm_params: {model: openai/gpt-4.1, api_key: ""}}
  - {model_name: b, litellm_params: {model: openai/gpt-4.1-mini, api_key: sk-other}}
  - {model_name: c, litellm_params: {model: anthropic/claude-haiku-4-5, api_key: sk-ant}}
environment_variables: {ANTHROPIC_API_KEY: sk-of-another-account}
"""
    found = case(text)
    names = [found.provider(name).api_key_env for name in ("a", "b", "c")]
    assert names == ["OPENAI_API_KEY", "OPENAI_API_KEY_2", "ANTHROPIC_API_KEY_2"]


def test_a_key_is_told_with_its_place_and_model_and_each_vendor_has_a_name_for_it() -> None:
    text = """
model_list:
  - {model_name: a, litellm_params: {model: openai/gpt-4.1, api_key: sk-both}}
  - {model_name: a, litellm_params: {model: anthropic/claude-haiku-4-5, api_key: sk-both}}
"""
    found = case(text)
    assert [found.provider("a", number).api_key_env for number in (0, 1)] == ["OPENAI_API_KEY", "ANTHROPIC_API_KEY"]
    first, second = found.said("litellm_params.api_key")
    assert "(model_list[0], openai/gpt-4.1)" in first
    assert "(model_list[1], anthropic/claude-haiku-4-5)" in second
