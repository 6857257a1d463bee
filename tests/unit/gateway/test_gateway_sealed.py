"""Confidential requests at the gateway: sealed before Kafka has them, and opened for whoever asked."""

import json
import shutil
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from pydantic_core import to_json

from infra.objects.config import ObjectsConfig, SealingConfig
from infra.objects.store import ObjectStore
from infra.objects.vault import Vault
from schemas.content import Owner
from schemas.outcome import RequestCompleted
from schemas.request import RequestSubmitted
from services.gateway.adapters.large_requests import LargeRequests
from services.gateway.domain.problems import Problem, Refused

KEYS, OTHERS = (SealingConfig.model_validate({"keys": f"a:{b64encode(bytes([n]) * 32).decode()}"}) for n in (1, 2))
NONE = SealingConfig.model_validate({"keys": None})
SECRET = "What does Ms Brandt earn?"
PATH = "/v1/chat/completions"
Gateway = Callable[..., Any]
ANSWER = {"message": {"role": "assistant", "content": "Enough."}, "finish_reason": "stop"}


async def asked(url: str, content: str = SECRET, data_class: str = "confidential", **told: Any) -> httpx.Response:
    messages = [{"role": "user", "content": content}]
    body = {"messages": messages, "portfolio": {"data_class": data_class}, **told}
    async with httpx.AsyncClient() as client:
        return await client.post(f"{url}{PATH}", json=body)


@pytest.mark.parametrize(("content", "by_reference"), [(SECRET, False), (SECRET * 140, True), (SECRET * 400, True)])
async def test_kafka_gets_a_confidential_question_sealed(gateway: Gateway, content: str, by_reference: bool) -> None:
    async with gateway(sealing=KEYS, max_inline_bytes=4_500) as running:
        assert (await asked(running.url, content)).status_code == 200
        said: RequestSubmitted = running.asked

        assert b"Brandt" not in said.to_json()
        assert said.body is not None
        assert (said.body.key_id is not None, said.body.ref is not None) == (True, by_reference)
        assert (said.data_class, said.recall) == ("confidential", None)
        content_told = json.loads(await Vault(running.objects, KEYS).content(said.body, UUID(str(said.request_id))))
        assert content_told["messages"] == [{"role": "user", "content": content}]


@pytest.mark.parametrize(("keys", "data_class"), [(None, "confidential"), (KEYS, "internal")])
async def test_what_is_not_sealed_goes_as_it_did(gateway: Gateway, keys: SealingConfig | None, data_class: str) -> None:
    async with gateway(sealing=keys) as running:
        assert (await asked(running.url, data_class=data_class)).status_code == 200
        assert running.asked.body is None
        assert running.asked.messages[0]["content"] == SECRET


class Answered:
    """The end of a request whose answer is sealed, as gateways with these keys and others tell it."""

    def __init__(self, folder: Path, make_completed: Callable[..., Any]) -> None:
        self.folder, self.request_id = folder, uuid4()
        self._make = make_completed

    async def end(self) -> Any:
        owner = Owner(self.request_id, "default", datetime.now(UTC).date())
        body = await self._vault(KEYS).sealed(to_json(ANSWER), owner)
        return self._make(self.request_id, answer=None, body=body)

    def large(self, keys: SealingConfig) -> LargeRequests:
        return LargeRequests(self._vault(keys), at_once=1, most_inline=1_000)

    async def refusal(self, keys: SealingConfig) -> Problem:
        with pytest.raises(Refused) as raised:
            await self.large(keys).whole(await self.end())
        return raised.value.problem

    def _vault(self, keys: SealingConfig) -> Vault:
        return Vault(ObjectStore(ObjectsConfig(url=str(self.folder))), keys)


async def test_a_sealed_answer_is_opened_for_its_client(tmp_path: Path, make_completed: Callable[..., Any]) -> None:
    here = Answered(tmp_path, make_completed)
    whole = await here.large(KEYS).whole(await here.end())
    assert isinstance(whole, RequestCompleted)
    assert (whole.answer, whole.body) == (ANSWER, None)


async def test_an_answer_whose_key_is_gone_is_gone(tmp_path: Path, make_completed: Callable[..., Any]) -> None:
    here = Answered(tmp_path, make_completed)
    end = await here.end()
    shutil.rmtree(tmp_path / "keys")
    with pytest.raises(Refused) as raised:
        await here.large(KEYS).whole(end)
    assert (raised.value.problem.status, raised.value.problem.code) == (410, "content_erased")


@pytest.mark.parametrize(("keys", "says"), [(NONE, "SEALING_KEYS is not set"), (OTHERS, "SEALING_KEYS: key a is not")])
async def test_a_gateway_without_the_key_says_which_variable_is_at_fault(
    tmp_path: Path, make_completed: Callable[..., Any], keys: SealingConfig, says: str
) -> None:
    problem = await Answered(tmp_path, make_completed).refusal(keys)
    assert (problem.status, problem.code) == (503, "sealing_key_missing")
    assert says in problem.message
