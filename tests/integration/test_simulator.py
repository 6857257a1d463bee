"""The provider simulator: what a mark asks for is done, and every call is in its book with what it is billed."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import aiohttp
import pytest
from own_ports import free_port
from pipeline.waiting import PATIENCE_S, until
from simulator.call_log import CallLog, read_calls
from simulator.completions import SAID, WRITTEN_TOKENS
from simulator.marks import Mark
from simulator.process import SimulatorProcess

from schemas.content import Json
from services.model_worker.domain.embeddings import vectors_in

AT_ONCE = 1_000


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with SimulatorProcess(tmp_path_factory.mktemp("simulator"), free_port()) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as opened:
        yield opened


async def ask(
    session: aiohttp.ClientSession, simulator: SimulatorProcess, mark: Mark, attempt: UUID
) -> tuple[int, Json]:
    asked = {"model": "small", "messages": [{"role": "user", "content": f"{mark} When is it open?"}]}
    async with session.post(
        f"{simulator.address}/acme/v1/chat/completions",
        json=asked,
        headers={"Idempotency-Key": str(attempt)},
        timeout=aiohttp.ClientTimeout(PATIENCE_S),
    ) as response:
        return response.status, await response.json()


@pytest.mark.parametrize(
    "mark",
    [
        *(Mark(), Mark("reset"), Mark("reset", "acme-2.eu", 0.25), Mark(latency_s=3)),
        *(Mark(token_s=0.5, words=7), Mark(together=2)),
    ],
)
def test_a_mark_is_found_in_the_prompt_that_it_is_written_into(mark: Mark) -> None:
    assert Mark.found_in(f'{{"content": "{mark} When is it open?"}}'.encode()) == mark


def test_a_prompt_without_a_mark_gets_a_good_answer() -> None:
    assert Mark.found_in(b"When is it open?").case_at("acme") == "good"


async def test_a_call_is_answered_and_booked(session: aiohttp.ClientSession, simulator: SimulatorProcess) -> None:
    attempt = uuid4()
    status, told = await ask(session, simulator, Mark(), attempt)
    assert (status, told["choices"][0]["message"]["content"]) == (200, SAID)
    [call] = [call for call in simulator.calls() if call.attempt_id == attempt]
    assert (call.provider, call.model, call.case, call.status, call.heard) == ("acme", "small", "good", 200, True)
    assert call.usage == told["usage"]
    assert call.billed.output_tokens == told["usage"]["completion_tokens"] == WRITTEN_TOKENS
    assert call.billed.input_tokens == told["usage"]["prompt_tokens"]


@pytest.mark.parametrize("encoding", ["float", "base64"])
async def test_texts_are_embedded_and_booked(
    session: aiohttp.ClientSession, simulator: SimulatorProcess, encoding: str
) -> None:
    attempt = uuid4()
    async with session.post(
        f"{simulator.address}/acme/v1/embeddings",
        json={"model": "vectors", "input": ["one", "two", "one"], "dimensions": 4, "encoding_format": encoding},
        headers={"Idempotency-Key": str(attempt)},
    ) as response:
        told = await response.json()
    found = vectors_in(told)
    assert found is not None
    one, two, again = [vector.numbers() for vector in found.embeddings]
    assert (len(one), one == again, one == two) == (4, True, False)
    [call] = [call for call in simulator.calls() if call.attempt_id == attempt]
    assert (call.model, call.case, call.billed.input_tokens) == ("vectors", "good", told["usage"]["prompt_tokens"])
    assert call.billed.output_tokens == 0


async def test_an_answer_is_streamed_word_by_word_to_who_asks_for_that(
    session: aiohttp.ClientSession, simulator: SimulatorProcess
) -> None:
    mark = Mark(token_s=0.001, words=30)
    asked = {"model": "small", "messages": [{"role": "user", "content": f"{mark} When?"}], "stream": True}
    async with session.post(f"{simulator.address}/acme/v1/chat/completions", json=asked) as response:
        lines = [line.decode().strip() async for line in response.content if line.strip()]
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
    texts = [part["choices"][0]["delta"].get("content", "") for part in chunks if part["choices"]]
    assert (len("".join(texts).split()), lines[-1]) == (30, "data: [DONE]")
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["usage"]["completion_tokens"] == WRITTEN_TOKENS


async def test_a_case_is_played_only_at_the_provider_that_the_mark_names(
    session: aiohttp.ClientSession, simulator: SimulatorProcess
) -> None:
    assert (await ask(session, simulator, Mark("unavailable", "acme"), uuid4()))[0] == 503
    assert (await ask(session, simulator, Mark("unavailable", "backup"), uuid4()))[0] == 200


async def test_a_call_whose_client_left_is_billed_all_the_same(
    session: aiohttp.ClientSession, simulator: SimulatorProcess
) -> None:
    attempt, both = uuid4(), Mark(together=2)

    def booked() -> bool:
        return any(call.attempt_id == attempt for call in simulator.calls())

    def ended() -> bool:
        return any(call.attempt_id == attempt and call.ended_at for call in simulator.calls())

    leaving = asyncio.create_task(ask(session, simulator, both, attempt))
    await asyncio.to_thread(until, booked, "the call is begun")
    leaving.cancel()
    await asyncio.wait([leaving])
    await ask(session, simulator, both, uuid4())
    await asyncio.to_thread(until, ended, "the call that nobody hears ends")
    [call] = [call for call in simulator.calls() if call.attempt_id == attempt]
    assert (call.heard, call.status, call.billed.output_tokens) == (False, None, WRITTEN_TOKENS)


async def test_a_refusal_is_not_billed(session: aiohttp.ClientSession, simulator: SimulatorProcess) -> None:
    attempt = uuid4()
    await ask(session, simulator, Mark("rate_limited"), attempt)
    [call] = [call for call in simulator.calls() if call.attempt_id == attempt]
    assert (call.status, call.usage, call.billed.input_tokens) == (429, None, 0)


async def test_a_thousand_calls_run_at_once_and_each_is_booked_once(
    session: aiohttp.ClientSession, simulator: SimulatorProcess
) -> None:
    attempts = [uuid4() for _ in range(AT_ONCE)]
    told = await asyncio.gather(*(ask(session, simulator, Mark(together=AT_ONCE), attempt) for attempt in attempts))
    assert {status for status, _ in told} == {200}
    booked = [call for call in simulator.calls() if call.attempt_id in set(attempts)]
    assert len(booked) == AT_ONCE
    assert max(call.asked_at for call in booked) < min(call.ended_at or 0 for call in booked), "all at once"


def test_a_line_that_a_kill_tore_is_left_out(tmp_path: Path) -> None:
    book = CallLog(tmp_path / "calls.jsonl")
    call = book.asked(str(uuid4()), "acme", "small", "good")
    with (tmp_path / "calls.jsonl").open("a") as file:
        file.write('{"event": "ended", "call": "')
    assert [(found.call, found.ended_at) for found in read_calls(tmp_path / "calls.jsonl")] == [(call, None)]
    book.close()
