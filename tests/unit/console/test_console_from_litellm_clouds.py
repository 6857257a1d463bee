"""Deployments that differ in a region, a project or an account stay apart, each at a provider of its own."""

import pytest
from litellm_configs import SECRET, Case, case

BEDROCK = "bedrock/anthropic.claude-3-5-sonnet-20240620-v1:0"
TWICE = "the same deployment twice is one endpoint here"


def two(model: str, first: str, second: str, group: str = "m") -> Case:
    return case(f"""
model_list:
  - {{model_name: m, litellm_params: {{model: "{model}", {first}}}}}
  - {{model_name: {group}, litellm_params: {{model: "{model}", {second}}}}}
""")


@pytest.mark.parametrize(
    ("model", "first", "second"),
    [
        (BEDROCK, "aws_region_name: us-east-1", "aws_region_name: us-west-2"),
        (BEDROCK, f"aws_access_key_id: {SECRET}", f"aws_access_key_id: {SECRET}2"),
        ("vertex_ai/gemini-2.5-pro", "vertex_project: one", "vertex_project: two"),
        ("vertex_ai/gemini-2.5-pro", "vertex_location: us-central1", "vertex_location: us-east1"),
        ("vertex_ai/gemini-2.5-pro", "vertex_credentials: /a.json", "vertex_credentials: /b.json"),
        ("azure/gpt-4o", 'api_version: "2024-02-01"', 'api_version: "2024-10-21"'),
        ("openai/gpt-4.1", "organization: one", "organization: two"),
    ],
)
def test_what_a_workers_environment_holds_keeps_deployments_apart(model: str, first: str, second: str) -> None:
    found = two(model, first, second)
    providers = [each.provider for each in found.model("m").endpoints]
    assert len(set(providers)) == 2
    assert TWICE not in found.said("model_list")
    [says] = [each for each in found.said("litellm_params") if "differ in what stands" in each]
    assert says.startswith(f"{', '.join(providers)} differ")
    assert SECRET not in f"{found.found}"
    groups = two(model, first, second, group="n")
    assert groups.model("m").endpoints[0].provider != groups.model("n").endpoints[0].provider


def test_only_equal_deployments_are_told_to_be_the_same() -> None:
    assert TWICE in two("openai/gpt-4.1", "timeout: 5", "timeout: 5").said("model_list")
    found = two("openai/gpt-4.1", "temperature: 0", "temperature: 1")
    assert len(found.model("m").endpoints) == 1
    assert TWICE not in found.said("model_list")
    assert any("differ only in settings that have no counterpart" in each for each in found.said("model_list"))
