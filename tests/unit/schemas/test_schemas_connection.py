"""What a provider may be told of a cloud, and which headers may go along: a closed list, and nothing secret."""

from typing import Any

import pytest
from pydantic import ValidationError

from schemas.connection import CLOUDS, Settings, SettingsEnv, cloud_of, misfit
from schemas.providers import Provider
from schemas.variables import variables_of

AWS = {"aws_region_name": "eu-west-1", "aws_role_name": "arn:aws:iam::123456789012:role/ours/models"}


def provider(adapter: str = "litellm", **fields: Any) -> Provider:
    base = {"openai_compatible": {"base_url": "https://acme.example"}, "replay": {"answers": "a.jsonl"}}
    return Provider.model_validate({"adapter": adapter, **base.get(adapter, {}), **fields})


@pytest.mark.parametrize(
    "settings",
    [
        AWS,
        {"api_version": "2024-10-21", "tenant_id": "0f0f0f0f-aaaa-bbbb-cccc-000000000000"},
        {"vertex_project": "example.com:ours-1", "vertex_location": "europe-west4"},
        {"organization": "org-ours"},
    ],
)
def test_settings_of_one_cloud_are_taken(settings: dict[str, str]) -> None:
    found = provider(settings=settings)
    assert found.settings is not None
    assert found.settings.told() == settings
    assert Provider.read(found.to_json()) == found


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"settings": {"api_base": "https://elsewhere.example"}}, "api_base"),
        ({"settings": {"aws_secret_access_key": "x"}}, "aws_secret_access_key"),
        ({"settings": {"aws_region_name": "x.elsewhere.example/"}}, "aws_region_name"),
        ({"settings": {"vertex_location": "evil.example#"}}, "vertex_location"),
        ({"settings": {"vertex_project": "../../other"}}, "vertex_project"),
        ({"settings": {"aws_role_name": "a-role"}}, "aws_role_name"),
        ({"settings": {"api_version": "2024&x=1"}}, "api_version"),
        ({"settings_env": {"aws_secret_access_key": "a-pasted-key"}}, "aws_secret_access_key"),
        ({"settings_env": {"success_callback": "X"}}, "success_callback"),
        ({"settings": AWS, "settings_env": {"aws_region_name": "REGION"}}, "aws_region_name stands in settings, too"),
        ({"settings": {"api_version": "1", "organization": "o"}}, "are of Azure and OpenAI: make a provider of each"),
        ({"adapter": "openai_compatible", "settings": AWS}, "only LiteLLM takes them"),
        ({"adapter": "replay", "headers_env": {"x-team": "TEAM"}}, "asked of nobody"),
        ({"headers_env": {"x-team": "ours"}}, "x-team"),
        ({"headers_env": {"x team": "TEAM"}}, "headers_env"),
        ({"headers_env": {"Content-Length": "N"}}, "Content-Length is the worker's own"),
        ({"headers_env": {"x-a": "A", "X-A": "B"}}, "X-A stands there twice"),
        ({"api_key_env": "KEY", "headers_env": {"authorization": "A"}}, "where the key of api_key_env goes"),
    ],
)
def test_what_is_not_taken_is_named(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        provider(**fields)


def test_every_setting_is_of_a_cloud_and_may_come_by_the_environment() -> None:
    assert Settings.model_fields.keys() <= SettingsEnv.model_fields.keys()
    assert {cloud_of(name) for name in SettingsEnv.model_fields} == set(CLOUDS)


@pytest.mark.parametrize(
    ("model", "fits"),
    [("bedrock/converse/anthropic.claude", True), ("anthropic.claude", True), ("azure/gpt-4o", False)],
)
def test_settings_fit_the_models_of_their_cloud(model: str, fits: bool) -> None:
    assert (misfit(AWS, model) is None) == fits


def test_a_provider_needs_the_variables_of_its_settings_and_headers() -> None:
    found = provider(api_key_env="KEY", settings_env={"aws_session_token": "SESSION"}, headers_env={"x-team": "TEAM"})
    assert variables_of(found) == {"KEY", "SESSION", "TEAM"}


def test_providers_of_other_settings_are_others() -> None:
    east, west = (provider(settings={"aws_region_name": name}) for name in ("us-east-1", "us-west-2"))
    assert len({east, west, provider(settings={"aws_region_name": "us-east-1"})}) == 2
    assert provider(headers_env={"x-a": "A"}) != provider(headers_env={"x-a": "B"})


def test_a_provider_that_says_nothing_of_them_keeps_its_revisions_name() -> None:
    assert b"settings" not in provider().to_json()
    assert b"headers" not in provider().to_json()
