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
        (BEDROCK, "extra_headers: {x-team: one}", "extra_headers: {x-team: two}"),
        ("vertex_ai/gemini-2.5-pro", "vertex_project: one", "vertex_project: two"),
        ("vertex_ai/gemini-2.5-pro", "vertex_location: us-central1", "vertex_location: us-east1"),
        ("vertex_ai/gemini-2.5-pro", "vertex_credentials: /a.json", "vertex_credentials: /b.json"),
        ("azure/gpt-4o", 'api_version: "2024-02-01"', 'api_version: "2024-10-21"'),
        ("openai/gpt-4.1", "organization: one", "organization: two"),
    ],
)
def test_what_a_cloud_is_told_keeps_deployments_apart(model: str, first: str, second: str) -> None:
    found = two(model, first, second)
    assert len({each.provider for each in found.model("m").endpoints}) == 2
    assert TWICE not in found.said("model_list")
    assert not found.said("litellm_params")
    assert SECRET not in f"{found.found}"
    groups = two(model, first, second, group="n")
    assert groups.model("m").endpoints[0].provider != groups.model("n").endpoints[0].provider


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("aws_sts_endpoint: https://one.example", "aws_sts_endpoint: https://two.example"),
        (f"aws_web_identity_token: {SECRET}", f"aws_web_identity_token: {SECRET}2"),
    ],
)
def test_what_only_an_environment_holds_keeps_deployments_apart_and_is_told(first: str, second: str) -> None:
    found = two(BEDROCK, first, second)
    providers = [each.provider for each in found.model("m").endpoints]
    [says] = [each for each in found.said("litellm_params") if "differ in what only" in each]
    assert says.startswith(f"{', '.join(dict.fromkeys(providers))} differ")
    assert SECRET not in f"{found.found}"


def one(model: str, params: str) -> Case:
    return case(f"model_list: [{{model_name: m, litellm_params: {{model: {model}, {params}}}}}]")


def told_of(found: Case) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    entry = found.provider("m")
    named = entry.settings_env.named() if entry.settings_env else {}
    return entry.settings.told() if entry.settings else {}, named, entry.headers_env or {}


def test_settings_are_carried_over_and_variables_by_their_names() -> None:
    role = "arn:aws:iam::123456789012:role/ours"
    found = one(BEDROCK, f'aws_region_name: os.environ/REGION, aws_role_name: "{role}", aws_session_name: gateway')
    settings, named, _ = told_of(found)
    assert settings == {"aws_role_name": role, "aws_session_name": "gateway"}
    assert named == {"aws_region_name": "REGION"}
    assert not [each for each in found.found.told if "aws_" in each.setting]


def test_azures_ids_are_no_secrets_and_its_secret_is_none_of_the_documents() -> None:
    uuid = "0f0f0f0f-1111-2222-3333-444444444444"
    found = one(
        "azure/gpt-4o", f"tenant_id: {uuid}, client_id: {uuid}, client_secret: {SECRET}, api_version: 2024-10-21"
    )
    settings, named, _ = told_of(found)
    assert settings == {"api_version": "2024-10-21", "tenant_id": uuid, "client_id": uuid}
    assert named == {"client_secret": "AZURE_M_CLIENT_SECRET"}
    assert found.said("litellm_params.client_secret")[0].endswith(
        "put it into the environment as AZURE_M_CLIENT_SECRET"
    )
    assert SECRET not in f"{found.found}"


def test_headers_go_along_by_variables() -> None:
    params = f"extra_headers: {{x-team: os.environ/TEAM, x-pass: {SECRET}, Content-Type: text/html, {SECRET}: a}}"
    found = one("openai/gpt-4.1", f"{params}, headers: [a]")
    assert told_of(found)[2] == {"x-team": "TEAM", "x-pass": "OPENAI_M_X_PASS"}
    assert any("OPENAI_M_X_PASS" in each for each in found.said("litellm_params.extra_headers"))
    assert any("the others are left out" in each for each in found.said("litellm_params.extra_headers"))
    assert found.said("litellm_params.headers")
    assert SECRET not in f"{found.found}"


@pytest.mark.parametrize(
    ("model", "params", "setting", "says"),
    [
        ("openai/gpt-4.1", "aws_region_name: us-east-1", "aws_region_name", "tells nothing to a model of this vendor"),
        ("openai/x, api_base: 'http://h/v1'", "organization: ours", "organization", "write it into headers_env"),
        (BEDROCK, "aws_region_name: [us-east-1]", "aws_region_name", "it is no text here"),
        (BEDROCK, f"aws_region_name: {SECRET}", "aws_region_name", "BEDROCK_M_AWS_REGION_NAME"),
        (BEDROCK, "aws_region_name: os.environ/region", "aws_region_name", "written in capitals here"),
    ],
)
def test_what_cannot_be_carried_over_is_told(model: str, params: str, setting: str, says: str) -> None:
    found = one(model, params)
    assert says in found.said(f"litellm_params.{setting}")[0]
    assert told_of(found)[0] == {}
    assert SECRET not in f"{found.found}"


def test_only_equal_deployments_are_told_to_be_the_same() -> None:
    assert TWICE in two("openai/gpt-4.1", "timeout: 5", "timeout: 5").said("model_list")
    found = two("openai/gpt-4.1", "temperature: 0", "temperature: 1")
    assert len(found.model("m").endpoints) == 1
    assert TWICE not in found.said("model_list")
    assert any("differ only in settings that have no counterpart" in each for each in found.said("model_list"))


def test_a_model_of_which_nobody_knows_whose_it_is_has_the_settings_of_one_cloud() -> None:
    found = one("ours", "api_version: '2024-10-21', vertex_project: one")
    assert told_of(found)[0] == {"api_version": "2024-10-21"}
    assert "left out" in found.said("litellm_params.vertex_project")[0]
