"""Headers of a provider's own: their values come by the environment, go along with each call, and are told nowhere."""

import json
from typing import Any

import pytest
from scripted_provider import ScriptedProvider

from schemas.providers import Provider
from services.model_worker.adapters.provider import Providers
from services.model_worker.domain.calls import Adapter, Call
from services.model_worker.domain.variables import VariableMissing, VariableWrong


async def adapter(environ: dict[str, str], **fields: Any) -> Adapter:
    entry = Provider.model_validate({"adapter": "openai_compatible", "base_url": "http://127.0.0.1:9", **fields})
    return await Providers("acme", environ, 20_000).adapter_of(entry)


async def test_azures_own_header_holds_the_key(provider: ScriptedProvider, call: Call) -> None:
    provider.says(json.dumps({"choices": [{"message": {"role": "assistant", "content": "Yes."}}]}))
    at = f"{provider.url}/openai/v1/"
    headers = {"api-key": "AZURE_KEY", "x-team": "TEAM"}
    made = await adapter({"AZURE_KEY": "key-1", "TEAM": "shop 7"}, base_url=at, headers_env=headers)
    outcome = await made.call(call)
    await made.close()
    (request,) = provider.requests
    assert request.path == "/openai/v1/chat/completions"
    assert (request.headers["api-key"], request.headers["x-team"]) == ("key-1", "shop 7")
    assert "Authorization" not in request.headers
    assert request.headers["Content-Type"] == "application/json"
    assert "key-1" not in f"{made!r} {outcome!r}"


@pytest.mark.parametrize("value", ["line\nX-Other: 1", "line\r", "nul\0", " in blanks", "gr\u00fcn"])
async def test_what_no_header_can_hold_is_told_by_the_name_of_its_variable(value: str) -> None:
    with pytest.raises(VariableWrong, match=r"TEAM holds what headers_env\.x-team") as raised:
        await adapter({"TEAM": value}, headers_env={"x-team": "TEAM"})
    assert value not in str(raised.value)


async def test_a_header_whose_variable_is_not_set_is_told() -> None:
    with pytest.raises(VariableMissing, match=r"TEAM is not set: headers_env\.x-team of provider acme"):
        await adapter({}, headers_env={"x-team": "TEAM"})
