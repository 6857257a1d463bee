"""Calls for sealed content: opened for the call alone, and the answer sealed under the same key."""

import json
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from dispatches import dispatched, received
from scripted_provider import ScriptedProvider
from test_model_worker_call import ASKED, SECRET, good
from test_model_worker_handlers import OneRevision
from worker_bench import Bench, bench

from infra.objects.config import ObjectsConfig, SealingConfig
from infra.objects.store import ObjectStore
from schemas.attempt import AttemptCompleted, AttemptDispatched, AttemptFailed, Repair
from schemas.content import Kin, Owner
from schemas.reaction import Refused
from schemas.vocabulary import Reason
from services.model_worker.handlers import Handlers

FIRST, SECOND = (b64encode(bytes([n]) * 32).decode() for n in (1, 2))


def sealing(keys: str | None = f"a:{FIRST}") -> SealingConfig:
    return SealingConfig.model_validate({"keys": keys})


async def sealed(worker: Bench, event: AttemptDispatched) -> AttemptDispatched:
    """The event with its content sealed, and what a model is to mend."""
    request_id = event.request.request_id
    owner = Owner(request_id, event.request.tenant, datetime.now(UTC).date())
    body = await worker.contents.sealed(event.body.text().encode(), owner)
    answer = await worker.contents.sealed(good_answer("wrong Mary"), Kin(request_id, body))
    told = await worker.contents.sealed(b"Mary is not wrong", Kin(request_id, body))
    return event.model_copy(update={"body": body, "repair": Repair(answer=answer, message="", told=told)})


def good_answer(text: str) -> bytes:
    return json.dumps({"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}).encode()


async def test_a_sealed_question_is_asked_and_its_answer_is_sealed(provider: ScriptedProvider) -> None:
    provider.says(good("Mary it is."))
    worker = bench(provider.url, sealing=sealing(), shows_content=True)
    event = await sealed(worker, dispatched(messages=ASKED))
    finished = await worker.perform(event)

    asked = [message["content"] for message in json.loads(provider.bodies[0])["messages"]]
    assert asked == [SECRET, "wrong Mary", "Mary is not wrong"]
    assert isinstance(finished.event, AttemptCompleted)
    assert (finished.event.body, finished.event.answer.key_id) == (event.body, event.body.key_id)
    for said in (SECRET, "wrong Mary", "Mary is not wrong", "Mary it is."):  # each with a space, which no base64 holds
        assert said.encode() not in finished.data + b"".join(worker.spans)
    answer = await worker.contents.content(finished.event.answer, event.request.request_id)
    assert json.loads(answer)["message"]["content"] == "Mary it is."


async def test_a_store_that_goes_away_during_a_call_costs_no_answer(provider: ScriptedProvider, tmp_path: Path) -> None:
    objects = tmp_path / "objects"
    worker = bench(provider.url, sealing=sealing())
    worker.contents._store = ObjectStore(ObjectsConfig(url=str(objects)))
    event = await sealed(worker, dispatched(messages=ASKED))

    async def answers_without_a_store(request: web.Request) -> web.Response:
        objects.rename(tmp_path / "kept")
        objects.write_text("a file where a folder should be")
        return web.Response(text=good("Mary it is."))

    provider.answer = answers_without_a_store
    ended = (await worker.perform(event)).event

    assert isinstance(ended, AttemptCompleted), ended
    objects.unlink()
    (tmp_path / "kept").rename(objects)
    assert b"Mary it is." in await worker.contents.content(ended.answer, event.request.request_id)


@pytest.mark.parametrize(
    ("keys", "says"),
    [(f"a:{SECOND}", "key a is not the one"), (f"b:{FIRST}", "SEALING_KEYS has no key a")],
)
async def test_without_the_right_key_no_model_is_asked(provider: ScriptedProvider, keys: str, says: str) -> None:
    worker, other = bench(provider.url, sealing=sealing()), bench(provider.url, sealing=sealing(keys))
    event = await sealed(worker, dispatched(messages=ASKED))
    other.contents._store = worker.contents._store
    ended = (await other.perform(event)).event

    assert isinstance(ended, AttemptFailed)
    assert (ended.reason, ended.cost.micro_usd, provider.bodies) == (Reason.PROVIDER_ERROR, 0, [])
    assert says in ended.detail


async def test_a_worker_that_looks_into_another_store_blames_no_client(
    provider: ScriptedProvider, tmp_path: Path
) -> None:
    worker, other = bench(provider.url), bench(provider.url)
    worker.contents._store = ObjectStore(ObjectsConfig(url=str(tmp_path / "objects")))
    other.contents._store = ObjectStore(ObjectsConfig(url=str(tmp_path / "unmounted")))
    event = dispatched(messages=ASKED)
    body = await worker.contents._store.put(event.body.text().encode())
    ended = (await other.perform(event.model_copy(update={"body": body}))).event

    assert isinstance(ended, AttemptFailed)
    assert (ended.reason, provider.bodies) == (Reason.PROVIDER_ERROR, [])
    assert "see OBJECTS_URL" in ended.detail


@pytest.mark.parametrize(
    ("keys", "reason"), [(None, "sealing_key_missing"), (f"b:{FIRST}", "sealing_key_missing"), (f"a:{FIRST}", None)]
)
async def test_what_cannot_be_opened_is_put_aside_before_it_is_a_row(
    provider: ScriptedProvider, keys: str | None, reason: Any
) -> None:
    event = await sealed(bench(provider.url, sealing=sealing()), dispatched(messages=ASKED))
    here = bench(provider.url, sealing=sealing(keys))
    reaction = Handlers(OneRevision(), here.contents.lacks).on_attempt_dispatched(event, received(event))

    assert [said.reason for said in reaction.says if isinstance(said, Refused)] == ([reason] if reason else [])
    assert len(reaction.writes) == (0 if reason else 1)
