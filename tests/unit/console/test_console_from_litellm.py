"""Configurations of LiteLLM proxies become portfolios that are valid, priced, and asked by the same names."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litellm_configs import AZURE, CHAINS, CLOUDS, OWN, SECRET, SOURCE, TODAY, WILD, case

from services.console.domain.document import parse
from services.console.domain.from_litellm.conversion import converted
from services.console.domain.from_litellm.counterparts import COUNTERPARTS
from services.console.domain.portfolio_file import read
from services.console.domain.prudence import advice

ALL = [AZURE, CLOUDS, OWN, CHAINS, WILD]


@pytest.mark.parametrize("text", ALL)
def test_each_document_is_valid_and_holds_no_secret(text: str) -> None:
    found = case(text)
    assert SECRET not in f"{found.found}"
    assert found.found.document is not None
    assert "no lane has it in a tier" not in str(advice(found.portfolio, TODAY))
    for told in found.found.told:
        assert told.setting in found.found.document, "what is told stands in the document, too"


def test_deployments_of_a_group_become_endpoints_of_a_model_with_limits_of_their_own() -> None:
    found = case(AZURE)
    model = found.model("gpt-4o")
    assert [each.model for each in model.endpoints] == ["azure/gpt-4o-eu", "azure/gpt-4o-us"]
    first, second = (found.provider("gpt-4o", number) for number in (0, 1))
    assert (first.base_url, second.base_url) == ("https://team-eu.openai.azure.com", "${AZURE_US_BASE}")
    assert (first.requests_per_minute, first.tokens_per_minute, second.requests_per_minute) == (600, 100_000, 300)
    assert (first.api_key_env, second.api_key_env) == ("AZURE_EU_KEY", "AZURE_GPT_4O_API_KEY")
    price = model.endpoints[0].price
    assert price is not None
    assert (price.input, price.output) == (pytest.approx(2.5), pytest.approx(10)), "by its base_model"
    assert [each.weight for each in model.endpoints] == [3, 0]
    assert first.settings is not None
    assert (first.settings.told(), second.settings) == ({"api_version": "2024-10-21"}, None)
    assert found.found.names == (("gpt-4o", "model", "gpt-4o"),)


def test_models_of_clouds_are_priced_and_what_workers_need_is_told() -> None:
    found = case(CLOUDS)
    assert all(model.endpoints[0].price for model in found.portfolio.models.values())
    assert (found.provider("haiku").region, found.provider("gemini").region) == ("us", "eu")
    assert "BEDROCK_HAIKU_AWS_ACCESS_KEY_ID" in found.said("litellm_params.aws_access_key_id")[0]
    assert found.provider("claude").timeout_s == 300
    assert (found.provider("claude").api_key_env, found.provider("gpt-4.1").vendor) == ("ANTHROPIC_API_KEY", "openai")
    assert found.model("text-embedding-3-small").abilities == ("embeddings",)
    assert found.lane("embeddings").tiers == (("text-embedding-3-small",),)
    assert "whisper" not in found.portfolio.models
    assert found.said("model_info.mode")[0].startswith("a model of the mode audio_transcription is not served here")


@pytest.mark.parametrize("route", ["converse/", "invoke/", "us-west-2/", ""])
def test_a_model_of_bedrock_is_priced_however_it_is_asked(route: str) -> None:
    model = f"bedrock/{route}us.anthropic.claude-haiku-4-5-20251001-v1:0"
    [endpoint] = case(f'model_list: [{{model_name: m, litellm_params: {{model: "{model}"}}}}]').model("m").endpoints
    assert (endpoint.model, endpoint.price is not None) == (model, True)


def test_servers_in_the_house_are_called_by_openais_api() -> None:
    found = case(OWN)
    llama, qwen, house = (found.provider(name) for name in ("llama", "qwen", "house"))
    assert (llama.adapter, llama.base_url, llama.region) == (
        "openai_compatible",
        "http://localhost:11434/v1",
        "on-premises",
    )
    assert (qwen.base_url, qwen.api_key_env, house.base_url) == ("http://10.0.0.7:8000/v1", None, "${HOUSE_URL}")
    assert [found.model(name).endpoints[0].model for name in ("llama", "qwen", "house")] == [
        "llama3.1",
        "Qwen/Qwen3-8B",
        "house-7b",
    ]
    model = found.model("qwen")
    assert (model.context_tokens, model.most_output_tokens, model.abilities) == (32_768, 4_096, ("chat", "json"))
    price = model.endpoints[0].price
    assert price is not None
    assert (float(price.input or 0), float(price.output or 0)) == (0.1, 0.2)
    assert found.model("llama").endpoints[0].price is not None, "a guess, and told as one"
    assert any("a guess" in says for says in found.said("litellm_params.model"))
    assert found.model("house").endpoints[0].price is None
    assert any("no price is known" in says for says in found.said("litellm_params.model"))


def test_fallbacks_become_tiers_each_once_however_they_lead_to_each_other() -> None:
    found = case(CHAINS)
    assert found.lane("a").tiers == (("a-alone",), ("b-alone",), ("c-alone",), ("d",))
    assert found.lane("b").tiers == (("b-alone",), ("c-alone",), ("a-alone",))
    assert found.lane("c").tiers == (("c-alone",), ("a-alone",), ("b-alone",))
    assert found.lane("a").learns is False
    assert found.lane("a").max_attempts == 5
    told = found.said("fallbacks")
    lost = {(each.of, each.says.partition(":")[0]) for each in found.found.told if "no such group" in each.says}
    assert (("ghost", "a2"), "there is no such group in model_list that the portfolio serves") in lost
    assert (("a2",), "number 1 of its fallbacks") in lost
    assert any(says.startswith("vectors of two models") for says in told)


def test_aliases_are_lanes_with_the_tiers_of_their_group() -> None:
    found = case(CHAINS)
    assert found.lane("gpt-4").tiers == found.lane("a").tiers
    assert found.lane("mini").tiers == found.lane("b").tiers
    assert found.said("router_settings.model_group_alias")[0].startswith("of the group that it stands for")
    assert ("gpt-4", "lane", "gpt-4") in found.found.names


def test_an_alias_goes_before_a_group_of_its_name() -> None:
    found = case(CHAINS.replace("gpt-4: a", "d: c"))
    assert found.lane("d").tiers == found.lane("c").tiers
    assert "d" not in found.portfolio.models


def test_fallbacks_of_everybody_hold_for_all_that_have_none_of_their_own() -> None:
    for text in ("default_fallbacks: [c]", 'fallbacks: [{"*": [c]}, {b: [a]}]'):
        found = case(f"{CHAINS.partition('router_settings')[0]}litellm_settings: {{{text}}}")
        assert found.lane("a").tiers == (("a-alone",), ("c",))
        assert found.lane("d").tiers == (("d-alone",), ("c",))


def test_the_order_of_deployments_becomes_tiers() -> None:
    text = """
model_list:
  - {model_name: m, litellm_params: {model: openai/gpt-4.1, order: 2}}
  - {model_name: m, litellm_params: {model: anthropic/claude-haiku-4-5, order: 1}}
"""
    assert case(text).lane("m").tiers == (("m-order-1",), ("m-order-2",))


def test_names_with_a_slash_are_what_a_model_and_a_lane_are_also_called() -> None:
    text = """
model_list:
  - {model_name: openai/gpt-4o, litellm_params: {model: openai/gpt-4o}}
  - {model_name: "llama3:8b", litellm_params: {model: openai/gpt-4.1}}
router_settings:
  fallbacks: [{"llama3:8b": [openai/gpt-4o]}]
  model_group_alias: {vendor/other: openai/gpt-4o}
"""
    found = case(text)
    assert found.model("openai-gpt-4o").also_called == ("openai/gpt-4o",)
    assert found.lane("llama3-8b").also_called == ("llama3:8b",)
    assert found.model("llama3-8b-alone").also_called is None
    assert found.lane("vendor-other").also_called == ("vendor/other",)
    assert ("openai/gpt-4o", "model", "openai-gpt-4o") in found.found.names
    assert not found.said("model_list.model_name")


@pytest.mark.parametrize("name", ["auto", "portfolio/x", "a/" + "x" * 200, "a/ "])
def test_names_that_no_portfolio_can_hold_are_told_with_what_to_ask_instead(name: str) -> None:
    found = case(f'model_list: [{{model_name: "{name}", litellm_params: {{model: openai/gpt-4o}}}}]')
    [(_, _, now)] = found.found.names
    assert found.model(now).also_called is None
    assert found.said("model_list.model_name")[0].endswith(f"must ask for {now}")


def test_a_wildcard_becomes_the_models_of_a_first_portfolio_where_its_vendor_is_known() -> None:
    found = case(WILD)
    asked = {alias for each in found.portfolio.models.values() for alias in each.also_called or ()}
    assert {"anthropic/claude-haiku-4-5", "anthropic/claude-sonnet-4-6"} <= asked
    told = {each.of: each.says for each in found.found.told if each.setting == "model_list.model_name"}
    assert "anthropic/claude-haiku-4-5 and anthropic/claude-sonnet-4-6 stand for it here" in told["anthropic/*",]
    assert told["*",].startswith("a portfolio names each model: write those")


@pytest.mark.parametrize(
    ("group", "model", "asked"),
    [
        ("anthropic/*", "anthropic/*", "anthropic/claude-haiku-4-5"),
        ("claude/*", "anthropic/*", "claude/claude-haiku-4-5"),
        ("*", "anthropic/*", "claude-haiku-4-5"),
        ("*", "anthropic/claude-*", "haiku-4-5"),
        ("claude", "anthropic/*", "claude-haiku-4-5"),
    ],
)
def test_the_models_of_a_wildcard_are_asked_as_before(group: str, model: str, asked: str) -> None:
    found = case(f'model_list: [{{model_name: "{group}", litellm_params: {{model: "{model}"}}}}]')
    assert asked in {name for name, _, _ in found.found.names}
    named = {name: {name, *(each.also_called or ())} for name, each in found.portfolio.models.items()}
    [own] = [name for name, names in named.items() if asked in names]
    assert found.model(own).endpoints[0].model == "anthropic/claude-haiku-4-5"


def test_settings_of_all_deployments_reach_each_provider() -> None:
    text = OWN + "router_settings: {timeout: 90, cooldown_time: 45, default_max_parallel_requests: 5}\n"
    for provider in case(text).portfolio.providers.values():
        assert (provider.timeout_s, provider.breaker.open_s, provider.concurrency) == (90, 45, 5)
    assert {
        each.timeout_s for each in case(OWN + "litellm_settings: {request_timeout: 30}").portfolio.providers.values()
    } == {30}


def test_a_lane_has_time_for_an_attempt_in_each_tier_within_what_the_gateway_waits() -> None:
    assert case(CHAINS).lane("a").deadline_s == 240
    assert case(CHAINS + "  timeout: 400").lane("a").deadline_s == 600


def test_two_deployments_of_one_provider_need_two_entries_and_the_same_one_twice_needs_one() -> None:
    text = """
model_list:
  - {model_name: m, litellm_params: {model: openai/gpt-4.1}}
  - {model_name: m, litellm_params: {model: openai/gpt-4.1-mini}}
  - {model_name: m, litellm_params: {model: openai/gpt-4.1}}
"""
    found = case(text)
    assert [each.provider for each in found.model("m").endpoints] == ["openai", "openai-2"]
    assert "the same deployment twice is one endpoint here" in found.said("model_list")


@pytest.mark.parametrize(
    "base",
    ["http://user:pw@10.0.0.1/v1", "http://10.0.0.1/v1?key=pw", "nonsense", "http://[", "ftp://h", "http://h/${X}"],
)
def test_an_address_that_may_hold_a_secret_or_is_none_becomes_a_variable(base: str) -> None:
    found = case(f'model_list: [{{model_name: m, litellm_params: {{model: openai/x, api_base: "{base}"}}}}]')
    assert found.provider("m").base_url == "${OPENAI_M_URL}"
    assert "pw" not in (found.found.document or "")
    assert "OPENAI_M_URL" in found.said("litellm_params.api_base")[0]


@pytest.mark.parametrize(
    ("line", "setting"),
    [
        ("mcp_servers: {x: {url: y}}", "mcp_servers"),
        ("something_new: 1", "something_new"),
        ("router_settings: {routing_strategy: latency-based-routing}", "router_settings.routing_strategy"),
        ("router_settings: [1]", "router_settings"),
        ("litellm_settings: {cache: true}", "litellm_settings.cache"),
        ("litellm_settings: {never_heard_of: 1}", "litellm_settings.never_heard_of"),
        ("general_settings: {master_key: sk-1234}", "general_settings.master_key"),
        ("environment_variables: {LANGFUSE_SECRET_KEY: sk-lf}", "environment_variables"),
        ("router_settings: {timeout: os.environ/T}", "router_settings.timeout"),
    ],
)
def test_nothing_is_dropped_in_silence(line: str, setting: str) -> None:
    found = case(f"{OWN}{line}\n")
    assert found.said(setting), "it is told by its name"
    assert "sk-" not in f"{found.found}"


@pytest.mark.parametrize(
    "text",
    [
        "model_list: 3",
        "model_list: [1, {}, {model_name: a}, {model_name: a, litellm_params: x}]",
        "model_list: [{model_name: 3, litellm_params: {model: m}}]",
        "router_settings: {fallbacks: x}",
        'model_list: [{model_name: "w*", litellm_params: {model: "nobody/*"}}]',
        "model_list: [{model_name: a, litellm_params: {model: os.environ/MODEL}}]",
        "model_list: [{model_name: a, litellm_params: {model: auto_router/adaptive_router}}]",
        "{}",
    ],
)
def test_nonsense_is_told_and_no_document_is_made_of_it(text: str) -> None:
    found = converted(parse(text).mapping or {}, SOURCE)
    assert found.document is None
    assert found.told or text == "{}"


SECRETS = (
    "api_key aws_access_key_id aws_secret_access_key client_secret azure_password vertex_credentials "
    "redis_password redis_url master_key database_url headers extra_headers"
).split()
KEPT = "hunter2-xyzzy"
WORDS = st.sampled_from(["a", "b", "*", "openai/*", "openai/x", "os.environ/X", "1"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=5,
)


def _section(name: str) -> st.SearchStrategy[Any]:
    own = [key for section, _, key in map(_split, COUNTERPARTS) if section == name]
    return st.fixed_dictionaries({}, optional={key: st.just(KEPT) if key in SECRETS else ANYTHING for key in own})


def _split(name: str) -> tuple[str, str, str]:
    return name.rpartition(".")


DEPLOYMENT = st.fixed_dictionaries(
    {"model_name": WORDS | ANYTHING, "litellm_params": _section("litellm_params")},
    optional={"model_info": _section("model_info") | ANYTHING, "rpm": ANYTHING},
)
CONFIGS = st.fixed_dictionaries(
    {"model_list": st.lists(DEPLOYMENT, max_size=5) | ANYTHING},
    optional={
        "router_settings": _section("router_settings") | ANYTHING,
        "litellm_settings": _section("litellm_settings") | ANYTHING,
        "general_settings": _section("general_settings") | ANYTHING,
        "credential_list": ANYTHING,
        "environment_variables": ANYTHING,
    },
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(CONFIGS)
def test_whatever_stands_in_a_configuration_the_document_is_valid_or_none_and_no_secret_is_told(
    config: dict[str, Any],
) -> None:
    found = converted(config, SOURCE)
    assert KEPT not in f"{found}"
    if found.document is not None:
        assert read(found.document).portfolio is not None, read(found.document).findings


def test_strange_values_still_make_a_valid_document() -> None:
    text = """
model_list:
  - model_name: "simple"
    litellm_params: {model: openai/gpt-4.1, rpm: -3, tpm: lots, timeout: 0, weight: x, order: first, api_key: 12345}
    model_info: {max_tokens: 1e9, input_cost_per_token: .nan, supports_vision: maybe, mode: 7, base_model: []}
  - {model_name: auto, litellm_params: {model: openai/gpt-4.1-mini}}
  - {model_name: "ünïcode name / with: everything #", litellm_params: {model: 'openai/"quoted"\\x'}}
  - {model_name: "-", litellm_params: {model: openai/gpt-4.1, custom_llm_provider: "a b/c"}}
router_settings:
  fallbacks: [x, {simple: y}, {simple: [{model: auto}, 3]}]
  model_group_alias: {embeddings: simple, e: 4}
"""
    found = case(text)
    assert all(found.said(f"fallbacks[{index}]") for index in range(3))
    assert found.provider("simple-alone").api_key_env == "OPENAI_API_KEY_2", "the first is of those that name none"
    assert found.lane("simple").tiers == (("simple-alone",), ("auto-2",))
    assert found.portfolio.defaults.lane == "simple-2", "the group keeps its name"


def test_a_chain_that_is_too_long_for_a_lane_is_cut_and_told() -> None:
    rows = "\n".join(f"  - {{model_name: m{n}, litellm_params: {{model: openai/gpt-4.1}}}}" for n in range(13))
    chain = ", ".join(f"m{n}" for n in range(1, 13))
    found = case(f"model_list:\n{rows}\nlitellm_settings: {{fallbacks: [{{m0: [{chain}]}}]}}")
    assert len(found.lane("m0").tiers) == found.lane("m0").max_attempts == 10
    assert any(says.endswith("left out: m10, m11, m12") for says in found.said("fallbacks"))


def test_without_a_price_list_the_document_is_valid_and_says_so() -> None:
    found = converted(
        parse(AZURE + CLOUDS.partition("model_list:")[2]).mapping or {},
        replace(SOURCE, listed=lambda _: None, price_list=""),
    )
    assert found.document is not None
    assert read(found.document).portfolio is not None
    assert "since LiteLLM is not installed" in found.document
