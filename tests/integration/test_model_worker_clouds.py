"""Providers in clouds by their settings, through the real LiteLLM: what each call says to a server of the tests."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest
from azure.core.credentials import AccessTokenInfo
from azure.identity import ClientSecretCredential
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from dispatches import HELLO
from litellm_at_work import CALL, provider
from scripted_provider import ScriptedProvider

from schemas.content import Answer
from schemas.providers import Provider
from services.model_worker.adapters.litellm_transport import GuardedTransport
from services.model_worker.adapters.provider import Providers
from services.model_worker.domain.calls import Adapter, Answered, Call
from services.model_worker.domain.variables import VariableMissing, VariableWrong

__all__ = ["provider"]
CHOICE = {"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}
USAGE = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}
OPENAI = {"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": [CHOICE], "usage": USAGE}
CONVERSE = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Yes."}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 12, "outputTokens": 3, "totalTokens": 15},
    "metrics": {"latencyMs": 1},
}
GEMINI = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": "Yes."}]}, "finishReason": "STOP", "index": 0}],
    "usageMetadata": {"promptTokenCount": 12, "candidatesTokenCount": 3, "totalTokenCount": 15},
}
CLAUDE = "bedrock/converse/anthropic.claude-3-haiku-20240307-v1:0"


def of(model: str) -> Call:
    return replace(CALL, payload={"model": model, "messages": list(HELLO), "max_tokens": 5})


async def adapter(url: str, environ: Mapping[str, str], **fields: Any) -> Adapter:
    entry = Provider.model_validate({"adapter": "litellm", "base_url": url, **fields})
    return await Providers("acme", environ, 10_000).adapter_of(entry)


def answering(server: ScriptedProvider, answer: Any) -> None:
    server.says(json.dumps(answer), **{"Content-Type": "application/json"})


async def test_azure_is_asked_for_its_deployment_in_the_version_that_the_portfolio_says(
    provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_API_VERSION", "1999-01-01")
    answering(provider, OPENAI)
    versions = ("2024-02-01", "2024-10-21")
    made = [
        await adapter(provider.url, {"KEY": "key-1"}, api_key_env="KEY", settings={"api_version": version})
        for version in versions
    ]
    outcomes = await asyncio.gather(*(each.call(of("azure/gpt-4o-eu")) for each in (*made, *made)))
    assert all(isinstance(each, Answered) for each in outcomes), outcomes
    assert isinstance(outcomes[0], Answered)
    assert isinstance(outcomes[0].answer, Answer)
    assert outcomes[0].answer.content() == "Yes."
    assert {each.path for each in provider.requests} == {"/openai/deployments/gpt-4o-eu/chat/completions"}
    assert {each.headers["api-key"] for each in provider.requests} == {"key-1"}
    assert sorted(each.query["api-version"] for each in provider.requests) == sorted(versions * 2)


async def test_azure_is_asked_by_the_application_that_the_portfolio_names(
    provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Microsoft is not asked: what it would be asked for is seen, and a token given."""
    asked: list[Any] = []

    def token(application: Any, *scopes: str, **_: Any) -> AccessTokenInfo:
        asked.append((application._client_id, application._client_credential, scopes))
        return AccessTokenInfo(f"token-of-{application._client_id}", 2_000_000_000)

    monkeypatch.setattr(ClientSecretCredential, "get_token_info", token)
    answering(provider, OPENAI)
    settings = {"api_version": "2024-10-21", "tenant_id": "ours.example"}
    for who in ("first", "second"):
        named = {"client_secret": "SECRET"}
        made = await adapter(
            provider.url, {"SECRET": f"{who}-secret"}, settings={**settings, "client_id": who}, settings_env=named
        )
        outcome = await made.call(of("azure/gpt-4o"))
        assert isinstance(outcome, Answered), outcome
        assert provider.requests[-1].headers["Authorization"] == f"Bearer token-of-{who}"
        assert asked[-1] == (who, f"{who}-secret", ("https://cognitiveservices.azure.com/.default",))


async def test_bedrock_is_signed_for_the_region_and_by_the_account_of_each_provider(
    provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION_NAME", "AWS_REGION"):
        monkeypatch.setenv(name, "of-everybody")
    answering(provider, CONVERSE)
    account = {"aws_access_key_id": "ID", "aws_secret_access_key": "SECRET", "aws_session_token": "SESSION"}
    for region, who in (("us-west-2", "first"), ("eu-west-1", "second")):
        environ = {"ID": f"{who}-id", "SECRET": f"{who}-secret", "SESSION": f"{who}-session"}
        made = await adapter(provider.url, environ, settings={"aws_region_name": region}, settings_env=account)
        outcome = await made.call(of(CLAUDE))
        assert isinstance(outcome, Answered), outcome
        signed = provider.requests[-1].headers
        assert f"Credential={who}-id/" in signed["Authorization"]
        assert f"/{region}/bedrock/aws4_request" in signed["Authorization"]
        assert signed["X-Amz-Security-Token"] == f"{who}-session"


@pytest.mark.parametrize("model", ["openai/acme", "azure/acme", CLAUDE, "anthropic/acme"])
async def test_headers_of_the_environment_go_along(
    provider: ScriptedProvider, model: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION_NAME"):
        monkeypatch.setenv(name, "us-east-1")
    made = await adapter(
        provider.url, {"KEY": "k", "PASS": "a pass of ours"}, api_key_env="KEY", headers_env={"X-Gateway-Pass": "PASS"}
    )
    outcome = await made.call(of(model))
    [request, *_] = provider.requests
    assert request.headers["X-Gateway-Pass"] == "a pass of ours"
    assert request.headers["Idempotency-Key"] == str(CALL.attempt_id)
    assert b"Gateway-Pass" not in provider.bodies[0]
    assert "a pass of ours" not in f"{outcome!r} {made!r} {caplog.text}"


async def test_an_organization_goes_to_openai(provider: ScriptedProvider) -> None:
    answering(provider, OPENAI)
    made = await adapter(provider.url, {"KEY": "k"}, api_key_env="KEY", settings={"organization": "org-ours"})
    assert isinstance(await made.call(of("openai/acme")), Answered)
    assert provider.requests[0].headers["OpenAI-Organization"] == "org-ours"
    assert b"org-ours" not in provider.bodies[0]


@pytest.mark.parametrize(
    ("environ", "error"), [({}, VariableMissing), ({"REGION": "us-east-1.elsewhere.example/"}, VariableWrong)]
)
async def test_what_the_environment_says_of_a_region_is_one(environ: dict[str, str], error: type[Exception]) -> None:
    with pytest.raises(error, match=r"REGION .*settings_env\.aws_region_name") as raised:
        await adapter("http://127.0.0.1:9", environ, settings_env={"aws_region_name": "REGION"})
    assert "elsewhere" not in str(raised.value)


async def test_vertex_is_asked_in_the_project_and_place_of_each_provider_by_its_own_account(
    provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Google's own hosts are not called: what would have gone there is kept here, and the account's token is ours."""
    monkeypatch.setenv("VERTEXAI_LOCATION", "of-everybody")
    answering(provider, {"access_token": "token-of-ours", "expires_in": 3600, "token_type": "Bearer"})
    account = {"type": "service_account", "project_id": "p", "private_key_id": "1", "client_email": "a@b.example"}
    account |= {"private_key": private_key(), "token_uri": f"{provider.url}/token"}
    sent: list[httpx.Request] = []

    async def send(transport: GuardedTransport, request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json=GEMINI, request=request)

    monkeypatch.setattr(GuardedTransport, "_send", send)
    for project, place in (("ours-1", "europe-west4"), ("ours-2", "us-east1")):
        settings = {"vertex_project": project, "vertex_location": place}
        environ = {"ACCOUNT": json.dumps(account)}
        entry = {"base_url": None, "settings": settings, "settings_env": {"vertex_credentials": "ACCOUNT"}}
        outcome = await (await adapter(provider.url, environ, **entry)).call(of("vertex_ai/gemini-2.5-flash"))
        assert isinstance(outcome, Answered), outcome
        assert sent[-1].url.host == f"{place}-aiplatform.googleapis.com"
        assert f"/projects/{project}/locations/{place}/" in sent[-1].url.path
        assert sent[-1].headers["Authorization"] == "Bearer token-of-ours"


def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form).decode()
