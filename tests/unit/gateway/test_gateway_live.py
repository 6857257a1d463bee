"""Live streams over a real loopback port: what a client reads while an answer is written, and how its stream ends."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import openai
import pytest
from http_waits import until
from written_answers import chunk, escalated

from schemas.outcome import RequestCompleted, RequestFailed
from schemas.reaction import Received
from schemas.request import RequestSubmitted
from services.gateway.adapters.live_streams import MOST_WAITING
from services.gateway.domain.live import escalation_told
from services.gateway.routes import following
from services.validator.domain.results import failed
from services.validator.domain.verdict_events import repair_message

ASK: Any = [{"role": "user", "content": "Where is the Louvre?"}]
BODY = {"model": "auto", "messages": ASK, "stream": True}
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
WITHIN_S = 20
NOWHERE: Received = None  # type: ignore[assignment]

Gateway = Callable[..., Any]
MakeCompleted = Callable[..., RequestCompleted]
MakeFailed = Callable[..., RequestFailed]


@dataclass
class Reading:
    """A client that streams, and the gateway that it reads from."""

    running: Any
    reply: httpx.Response
    read: list[Any] = field(default_factory=list[Any])

    @property
    def asked(self) -> RequestSubmitted:
        return self.running.asked

    @property
    def text(self) -> str:
        choices = [part["choices"][0] for part in self.read if part.get("choices")]
        return "".join(choice["delta"].get("content") or "" for choice in choices)

    def says(self, *pieces: str, start: int = 0, **told: Any) -> None:
        for sequence, piece in enumerate(pieces, start):
            event = chunk(self.asked.request_id, sequence, piece, **told)
            self.running.kafka.handlers.on_answer_streamed(event, NOWHERE)

    def escalates(self, **told: Any) -> None:
        self.running.kafka.handlers.on_request_escalated(escalated(self.asked.request_id, **told), NOWHERE)

    def ends(self, end: RequestCompleted | RequestFailed) -> None:
        self.running.kafka._end(end)

    async def until_read(self, text: str) -> None:
        """Read until that much is read."""
        async for line in self.lines:
            if line.startswith("data: {"):
                self.read.append(json.loads(line.removeprefix("data: ")))
            if self.text == text:
                return
        raise AssertionError(f"the stream ended after {self.text!r}")

    async def to_its_end(self) -> str:
        """Read all that comes; the last line of it."""
        last = ""
        async for line in self.lines:
            if line.startswith("data: {"):
                self.read.append(json.loads(line.removeprefix("data: ")))
            last = line or last
        return last

    @property
    def error(self) -> Any:
        return self.read[-1]["error"]

    def __post_init__(self) -> None:
        self.lines = self.reply.aiter_lines()


@pytest.fixture
def reading(gateway: Gateway):
    """``async with reading(**settings) as reader``: a stream whose beginning has been read, "Par"."""

    @asynccontextmanager
    async def run(begins: tuple[str, ...] = ("Par",), **settings: Any) -> AsyncIterator[Reading]:
        async with gateway(lambda asked: None, **settings) as running, httpx.AsyncClient(timeout=WITHIN_S) as client:
            request = client.build_request("POST", f"{running.url}/v1/chat/completions", json=BODY)
            sending = asyncio.create_task(client.send(request, stream=True))
            await until(lambda: len(running.kafka.published) == 1, WITHIN_S)
            for sequence, piece in enumerate(begins):
                event = chunk(running.asked.request_id, sequence, piece)
                running.kafka.handlers.on_answer_streamed(event, NOWHERE)
            found = Reading(running, await sending)
            await found.until_read("".join(begins))
            yield found
            await found.reply.aclose()
            await until(lambda: not len(running.live), WITHIN_S)

    return run


async def test_a_stream_is_asked_for_as_one(reading: Any, gateway: Gateway):
    async with reading() as reader:
        assert reader.asked.stream is True
    async with gateway() as running, running.client() as client:
        await client.chat.completions.create(model="auto", messages=ASK)
        assert running.asked.stream is None


async def test_the_rest_and_the_facts_follow_once_the_answer_has_passed(reading: Any, make_completed: MakeCompleted):
    async with reading() as reader:
        reader.ends(make_completed(reader.asked.request_id))
        assert await reader.to_its_end() == "data: [DONE]"
        assert reader.text == "Paris."
        facts = reader.read[-1]["portfolio"]
        assert (facts["status"], facts["cost_usd"]) == ("verified", "0.00015")
        assert reader.read[-1]["choices"][0]["finish_reason"] == "stop"
        assert reader.running.live.ended == {"passed": 1}


async def test_a_failed_check_is_the_last_event_and_says_where_the_answer_will_be(
    reading: Any, make_completed: MakeCompleted
):
    async with reading(remembering=True) as reader:
        read_at = datetime.now(UTC)
        reader.escalates()
        await reader.to_its_end()
        [(_, claim)] = reader.running.memory.rows.values()
        assert claim.asked_at < read_at, "its events are looked for from when it was asked, and not from its end"
        told = reader.error
        assert told["code"] == "answer_not_verified"
        request_id = str(reader.asked.request_id)
        place = f"GET /v1/requests/{request_id} gives the answer that passes"
        assert told["portfolio"] == {
            "request_id": request_id, "status": "not_verified", "reason": "check_failed", "answer": place
        }  # fmt: skip
        assert place in told["message"]
        reader.ends(make_completed(reader.asked.request_id))
        async with httpx.AsyncClient() as client:
            looked = (await client.get(f"{reader.running.url}/v1/requests/{request_id}", params={"wait": 5})).json()
        assert looked["response"]["choices"][0]["message"]["content"] == "Paris."


async def test_another_look_at_an_answer_does_not_end_its_stream(reading: Any, make_completed: MakeCompleted):
    async with reading() as reader:
        reader.escalates(action="agreement")
        reader.says("is", start=1)
        await reader.until_read("Paris")
        reader.ends(make_completed(reader.asked.request_id))
        assert await reader.to_its_end() == "data: [DONE]"


async def test_an_escalation_of_an_earlier_attempt_does_not_end_the_stream_of_a_later(
    gateway: Gateway, make_completed: MakeCompleted
):
    async with gateway(lambda asked: None) as running, running.client() as client:
        asking = asyncio.create_task(client.chat.completions.create(**BODY))
        await until(lambda: len(running.kafka.published) == 1, WITHIN_S)
        request_id, handlers = running.asked.request_id, running.kafka.handlers
        handlers.on_answer_streamed(chunk(request_id, 0, "Par", number=2), NOWHERE)
        handlers.on_request_escalated(escalated(request_id, number=2), NOWHERE)
        handlers.on_answer_streamed(chunk(request_id, 0, "Lon", number=1), NOWHERE)
        stream = await asking
        first = await anext(aiter(stream))
        running.kafka._end(make_completed(request_id))
        rest = [part.choices[0].delta.content or "" async for part in stream]
    assert first.choices[0].delta.content + "".join(rest) == "Paris."


async def test_nothing_is_shown_of_an_answer_that_has_failed(gateway: Gateway, make_completed: MakeCompleted):
    async with gateway(lambda asked: None) as running, running.client() as client:
        asking = asyncio.create_task(client.chat.completions.create(**BODY))
        await until(lambda: len(running.kafka.published) == 1, WITHIN_S)
        request_id, handlers = running.asked.request_id, running.kafka.handlers
        handlers.on_request_escalated(escalated(request_id, number=2), NOWHERE)
        handlers.on_answer_streamed(chunk(request_id, 0, "Lon", number=1), NOWHERE)
        running.kafka._end(make_completed(request_id))
        stream = await asking
        assert "".join([part.choices[0].delta.content or "" async for part in stream]) == "Paris."
    assert running.live.ended == {}


async def test_another_answer_than_the_one_shown_is_never_added_to_it(reading: Any, make_completed: MakeCompleted):
    async with reading() as reader:
        reader.says("don", start=1, fence=2)
        answer = {"message": {"role": "assistant", "content": "London."}, "finish_reason": "stop"}
        reader.ends(make_completed(reader.asked.request_id, answer=answer))
        await reader.to_its_end()
        assert reader.text == "Par"
        assert reader.error["portfolio"]["reason"] == "superseded"
        assert "portfolio show" in reader.error["message"], "there is no database to find it by"


async def test_a_request_that_fails_says_that_no_answer_follows(reading: Any, make_failed: MakeFailed):
    async with reading() as reader:
        reader.ends(make_failed(reader.asked.request_id))
        await reader.to_its_end()
        told = reader.error["portfolio"]
        assert (told["reason"], told["answer"], reader.error["code"]) == ("tiers_spent", None, "answer_not_verified")


async def test_a_gateway_that_waits_no_longer_says_that_it_was_not_verified(reading: Any):
    async with reading(longest_wait_s=0.3) as reader:
        await reader.to_its_end()
        assert reader.error["portfolio"]["reason"] == "no_answer"
        assert reader.running.live.ended == {"cut_short": 1}


async def test_the_official_client_raises_what_it_is_told(gateway: Gateway, make_failed: MakeFailed):
    script = lambda asked: (("Par", "is"), make_failed(asked.request_id))  # noqa: E731
    async with gateway(script) as running, running.client(max_retries=0) as client:
        stream = await client.chat.completions.create(**BODY)
        with pytest.raises(openai.APIError, match="was not verified") as raised:
            [part async for part in stream]
    assert raised.value.code == "answer_not_verified"


@pytest.mark.parametrize("read", [1, 30])
async def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(gateway: Gateway, read: int):
    async with gateway(lambda asked: None, progress_s=0.01) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        body = json.dumps(BODY).encode()
        writer.write(HEAD % len(body) + body)
        await until(lambda: len(running.kafka.published) == 1, WITHIN_S)
        running.kafka.handlers.on_answer_streamed(chunk(running.asked.request_id, 0, "Par"), NOWHERE)
        for _ in range(read):
            await asyncio.wait_for(reader.readline(), WITHIN_S)
        await until(lambda: running.live.first_texts["live"] == 1, WITHIN_S)
        writer.close()
        await until(lambda: len(running.waiting) == 0 and len(running.live) == 0, WITHIN_S)
        assert running.live.ended == {"left": 1}


async def test_a_client_that_reads_nothing_is_held_little_for_and_gets_all_when_it_reads(
    gateway: Gateway, make_completed: MakeCompleted
):
    piece, pieces = "~" * 4_000, 4_000
    async with gateway(lambda asked: None) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port, limit=4_096)
        body = json.dumps(BODY).encode()
        writer.write(HEAD % len(body) + body)
        await until(lambda: len(running.kafka.published) == 1, WITHIN_S)
        request_id = running.asked.request_id
        [feed] = running.live._feeds.values()
        held = []
        for sequence in range(pieces):
            running.kafka.handlers.on_answer_streamed(chunk(request_id, sequence, piece), NOWHERE)
            held.append(feed._waiting)
            await asyncio.sleep(0)
        assert MOST_WAITING <= max(held) < 2 * MOST_WAITING
        answer = {"message": {"role": "assistant", "content": piece * pieces}, "finish_reason": "stop"}
        running.kafka._end(make_completed(request_id, answer=answer))
        read = b""
        while part := await asyncio.wait_for(reader.read(1_048_576), WITHIN_S):
            read += part
            if b"[DONE]" in part:
                break
        writer.close()
    assert read.count(b"~") == len(piece) * pieces, "all of it, once"


async def test_a_client_that_reads_no_more_is_left_and_its_answer_was_in_time_all_the_same(
    gateway: Gateway, make_completed: MakeCompleted, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(following, "TAKEN_WITHIN_S", 4)
    async with gateway(lambda asked: None, longest_wait_s=3) as running:
        _reader, writer = await asyncio.open_connection("127.0.0.1", running.port, limit=4_096)
        body = json.dumps(BODY).encode()
        writer.write(HEAD % len(body) + body)
        await until(lambda: len(running.kafka.published) == 1, WITHIN_S)
        request_id = running.asked.request_id
        for sequence in range(1_000):
            running.kafka.handlers.on_answer_streamed(chunk(request_id, sequence, "~" * 4_000), NOWHERE)
            await asyncio.sleep(0)
        running.kafka._end(make_completed(request_id))
        await until(lambda: len(running.waiting) == 0, WITHIN_S)
        assert running.load.most == {}, "nothing of the lane ended late"
        assert running.live.ended == {"left": 1}
        writer.close()


def test_a_client_is_told_what_failed_and_not_what_its_model_is_told():
    asked = repair_message((failed("words", "there are 5 words"), failed("schema", "it is no number", at="/price")))
    event = escalated(uuid4(), action="repair").model_copy(update={"detail": asked})
    assert escalation_told(event, "see there").problem.message == (
        "The text shown was not verified (check_failed: words: there are 5 words; schema at /price: it is no number)."
        " The request goes on (repair): see there."
    )
