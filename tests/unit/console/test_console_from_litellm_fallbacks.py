"""Fallbacks of a LiteLLM configuration lead where its router leads: of aliases, of entries said twice, of chains."""

from litellm_configs import SOURCE, TODAY, Case, case

from services.console.domain.from_litellm.clouds import Cloud
from services.console.domain.from_litellm.config import Entry
from services.console.domain.from_litellm.deployments import Usual, deployment_of
from services.console.domain.from_litellm.lanes import Group, Roads, named

THREE = """
model_list:
  - {model_name: a, litellm_params: {model: openai/gpt-4.1}}
  - {model_name: b, litellm_params: {model: openai/gpt-4.1-mini}}
  - {model_name: c, litellm_params: {model: openai/gpt-4o}}
  - {model_name: e, litellm_params: {model: openai/text-embedding-3-small}}
"""


def of(router: str) -> Case:
    return case(f"{THREE}router_settings: {{{router}}}")


def test_fallbacks_of_an_alias_are_its_own() -> None:
    found = of("model_group_alias: {al: a}, fallbacks: [{al: [b]}]")
    assert found.lane("al").tiers == (("a",), ("b",))
    assert "a" in found.portfolio.models, "its group has none"
    both = of("model_group_alias: {al: a}, fallbacks: [{al: [b]}, {a: [c]}]")
    assert (both.lane("al").tiers, both.lane("a").tiers) == ((("a-alone",), ("b",)), (("a-alone",), ("c",)))


def test_fallbacks_for_long_contexts_of_an_alias_are_its_own() -> None:
    found = of("model_group_alias: {al: a}, context_window_fallbacks: [{al: [c]}]")
    assert found.lane("al").tiers == (("a",), ("c",))


def test_an_alias_that_has_no_fallbacks_keeps_its_groups_and_that_is_told() -> None:
    found = of("model_group_alias: {al: a}, fallbacks: [{a: [b]}]")
    assert found.lane("al").tiers == found.lane("a").tiers
    [says] = found.said("router_settings.model_group_alias")
    assert says.startswith("LiteLLM has fallbacks of an alias for itself alone")


def test_of_two_entries_for_one_group_the_first_holds_and_the_other_is_told() -> None:
    found = of("fallbacks: [{a: [b]}, {a: [c]}]")
    assert found.lane("a").tiers == (("a-alone",), ("b",))
    assert any(says.startswith("LiteLLM takes a group's first entry") for says in found.said("fallbacks"))


def test_an_embedding_model_among_fallbacks_of_chats_is_told() -> None:
    found = of("fallbacks: [{a: [b, e]}]")
    assert found.lane("a").tiers == (("a-alone",), ("b",))
    assert any(says.startswith("number 2 of its fallbacks makes vectors") for says in found.said("fallbacks"))


def test_a_name_that_can_stay_is_never_given_to_another() -> None:
    found = case("""
model_list:
  - {model_name: openai/gpt-4o, litellm_params: {model: openai/gpt-4o}}
  - {model_name: openai-gpt-4o, litellm_params: {model: openai/gpt-4o-mini}}
""")
    assert found.model("openai-gpt-4o").endpoints[0].model == "openai/gpt-4o-mini"
    assert ("openai/gpt-4o", "model", "openai-gpt-4o-2") in found.found.names


def test_a_chain_may_be_longer_than_a_stack_is_deep() -> None:
    deployment = deployment_of(Entry(0, "m", "openai/gpt-4.1", {}, {}), None, Cloud(), SOURCE.listed, Usual(TODAY))
    groups = [Group(f"m{number}", ((deployment,),)) for number in range(1_100)]
    chain = {f"m{number}": (f"m{number + 1}",) for number in range(1_099)}
    assert len(named(groups, Roads(chain, (), {}, {})).lanes[0].groups) == 1_100
