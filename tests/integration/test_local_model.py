"""The local model really answers, as an OpenAI-compatible server does."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from orphans import is_gone, killed_parent, until
from own_ports import free_port

from infra.local.model import CONTEXT_TOKENS, MODEL_NAME, LocalModel, ModelNotInstalled
from services.model_worker.domain.embeddings import vectors_in


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalModel]:
    with LocalModel(tmp_path_factory.mktemp("model"), free_port()) as server:
        yield server


async def ask(model: LocalModel, question: str, **params: Any) -> httpx.Response:
    body = {"model": MODEL_NAME, "messages": [{"role": "user", "content": question}], "temperature": 0, **params}
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        return await client.post(f"{model.address}/chat/completions", json=body)


async def test_it_answers_with_usage_and_a_finish_reason(model: LocalModel) -> None:
    answer = (await ask(model, "What is the capital of Germany?", max_tokens=40)).json()
    [choice] = answer["choices"]
    assert "Berlin" in choice["message"]["content"]
    assert choice["finish_reason"] == "stop"
    assert answer["model"] == MODEL_NAME
    usage = answer["usage"]
    assert usage["prompt_tokens"] > 5
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


async def test_it_gives_vectors_beside_its_answers(model: LocalModel) -> None:
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        body = {"model": MODEL_NAME, "input": ["When do you open?", "The invoice is overdue."]}
        told = (await client.post(f"{model.address}/embeddings", json={**body, "encoding_format": "base64"})).json()
    found = vectors_in(told)
    assert found is not None
    one, other = [vector.numbers() for vector in found.embeddings]
    assert (len(one), len(other), one == other) == (576, 576, False)
    assert told["usage"]["prompt_tokens"] > 5


async def test_an_answer_that_is_cut_off_says_so(model: LocalModel) -> None:
    answer = (await ask(model, "Tell me a long story about a dog.", max_tokens=8)).json()
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"]["completion_tokens"] == 8


async def test_it_answers_more_at_once_than_it_has_slots(model: LocalModel) -> None:
    answers = await asyncio.gather(*(ask(model, f"Say the number {n}.", max_tokens=12) for n in range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert all(answer.json()["choices"][0]["message"]["content"] for answer in answers)


async def test_a_prompt_beyond_its_context_is_refused(model: LocalModel) -> None:
    refused = await ask(model, "word " * (CONTEXT_TOKENS + 100), max_tokens=1)
    assert refused.status_code == 400
    assert refused.json()["error"]["type"] == "exceed_context_size_error"


async def test_prompts_stay_out_of_its_log(model: LocalModel) -> None:
    await ask(model, "My account is XK-4711-ZZ. What is it?", max_tokens=20)
    assert "listening on" in model.log.read_text()
    assert "4711" not in model.log.read_text()


def test_without_its_packages_it_says_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.local.model.find_spec", lambda name: None)
    with pytest.raises(ModelNotInstalled, match="make model"):
        LocalModel(tmp_path, free_port()).start()


def test_it_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    starts = (
        "import sys; from pathlib import Path\n"
        "from infra.local.model import LocalModel; from infra.local.processes import free_port\n"
        "server = LocalModel(Path(sys.argv[1]), free_port()); server.start(); print(server.pid, flush=True)"
    )
    with killed_parent(starts, str(tmp_path)) as family:
        until(lambda: all(is_gone(pid) for pid in family))
