"""Clients that leave at any point of a request or of its stream: nothing is left behind, and the books balance."""

import asyncio
import json
import random
import socket
import struct
from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

import httpx
from prometheus_client.parser import text_string_to_metric_families
from pydantic import ValidationError
from scripted_provider import Answer

from pipeline.document import COSTS
from pipeline.kafka_log import Log
from pipeline.scripts import NUMBER_SCHEMA, RIGHT, WRONG, Script, says
from pipeline.stack import Background, Pipeline
from pipeline.waiting import until
from schemas.content import Json
from schemas.request import RequestSubmitted
from schemas.topics import GATEWAY_INTAKE

SEED = 20_261
CLIENTS = 60
AT_ONCE = 15
CHAT, MESSAGES, REQUESTS = "/v1/chat/completions", "/v1/messages", "/v1/requests"
RESPONSES = "/v1/responses"
LONGEST_ANSWER = 6_000
"""Bytes: more than any of these streams has, so that some clients stay to its end."""
RESET = struct.pack("ii", 1, 0)
GAUGES = ("portfolio_clients_waiting", "portfolio_requests_unpublished", "portfolio_load_under_way")
PAUSES_S = (0.0, 0.05, 0.3)


@dataclass(frozen=True)
class Guest:
    """One client: what it asks, how much of that it sends, how much it hears, and how it leaves."""

    path: str
    script: Script
    key: str | None
    share_sent: float
    bytes_heard: int
    resets: bool

    def request(self, path: str, body: bytes) -> bytes:
        kept = f"idempotency-key: {self.key}\r\n" if self.key else ""
        facts = f"host: gateway\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n{kept}"
        return f"POST {path} HTTP/1.1\r\n{facts}\r\n".encode() + body

    def body(self) -> bytes:
        told: Json = {"model": "auto", **self.script.request()}
        if self.path == RESPONSES:
            told["input"] = told.pop("messages")
            told["text"] = {"format": {"type": "json_schema", **NUMBER_SCHEMA["json_schema"]}}
        elif self.path != MESSAGES:
            told["response_format"] = NUMBER_SCHEMA
        if self.path == MESSAGES:
            told["max_tokens"] = 50
        return json.dumps(told if self.path == REQUESTS else {**told, "stream": True}).encode()


def guests(pipeline: Pipeline) -> list[Guest]:
    """As the seed has it. Some are answered at once, some late, and some at the second attempt."""
    drawn = random.Random(SEED)  # noqa: S311 no secret is drawn
    return [_guest(pipeline, drawn, number) for number in range(CLIENTS)]


def _guest(pipeline: Pipeline, drawn: random.Random, number: int) -> Guest:
    answers = [_late(says(text), drawn.choice(PAUSES_S)) for text in drawn.choice(([RIGHT], [WRONG, RIGHT]))]
    path = drawn.choice((CHAT, RESPONSES, MESSAGES, REQUESTS))
    return Guest(
        path=path,
        script=pipeline.scripts.expect({"acme-small": answers if path != MESSAGES else answers[-1:]}),
        key=drawn.choice((None, f"leaving-{SEED}-{number}")),
        share_sent=drawn.choice((1.0, 1.0, 1.0, drawn.random())),
        bytes_heard=drawn.choice((0, drawn.randrange(LONGEST_ANSWER), LONGEST_ANSWER)),
        resets=drawn.choice((True, False)),
    )


def _late(answer: Answer, after_s: float) -> Answer:
    async def answered(request: object) -> object:
        await asyncio.sleep(after_s)
        return await answer(request)  # type: ignore[arg-type]

    return answered  # type: ignore[return-value]


async def visit(gateway: str, guest: Guest) -> None:
    """Come, ask, hear a while, and leave."""
    sent = guest.request(guest.path, guest.body())
    told = await heard(gateway, guest, sent[: int(len(sent) * guest.share_sent)])
    if guest.path == REQUESTS and guest.share_sent == 1 and b"202 Accepted" in told:
        place = next(line[10:] for line in told.decode().split("\r\n") if line.lower().startswith("location: "))
        await heard(gateway, guest, f"GET {place} HTTP/1.1\r\nhost: g\r\naccept: text/event-stream\r\n\r\n".encode())


async def heard(gateway: str, guest: Guest, sent: bytes) -> bytes:
    """What came until the client left, or until nothing more came."""
    address = urlsplit(gateway)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    told = b""
    try:
        writer.write(sent)
        await writer.drain()
        async with asyncio.timeout(5):
            while len(told) < guest.bytes_heard and not told.endswith(b"0\r\n\r\n"):
                if not (part := await reader.read(min(200, guest.bytes_heard - len(told)))):
                    break
                told += part
    except (TimeoutError, ConnectionError):
        pass
    if guest.resets:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort() if guest.resets else writer.close()
    return told


async def all_visit(gateway: str, all_of_them: list[Guest]) -> None:
    room = asyncio.Semaphore(AT_ONCE)

    async def come(guest: Guest) -> None:
        async with room:
            await visit(gateway, guest)

    await asyncio.gather(*map(come, all_of_them))


def gauges(pipeline: Pipeline) -> dict[str, float]:
    """What the gateway still holds, of each kind."""
    told = httpx.get(f"{pipeline.services.health}/metrics", trust_env=False, timeout=10).text
    samples = [sample for family in text_string_to_metric_families(told) for sample in family.samples]
    return {name: sum(each.value for each in samples if each.name == name) for name in GAUGES}


async def tasks() -> Counter[str]:
    """What the services' loop is doing, by name."""
    running = (getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks())
    return Counter(
        name for name in running if name.startswith(("UntilClientLeaves", "RequestResponseCycle", "_Reader"))
    )


class Submitted:
    """The requests that Kafka has, by their question. Each record is read once."""

    def __init__(self, log: Log) -> None:
        self._log, self._read = log, 0
        self._found: dict[str, set[UUID]] = {}

    def of(self, question: str) -> set[UUID] | None:
        records = self._log.on(GATEWAY_INTAKE)
        for record in records[self._read :]:
            asked = _asked(record.value or b"")
            if asked is not None and asked.request_id is not None:
                self._found.setdefault(str(asked.messages[-1]["content"]), set()).add(asked.request_id)
        self._read = len(records)
        return self._found.get(question)


def _asked(value: bytes) -> RequestSubmitted | None:
    try:
        return RequestSubmitted.read(value)
    except ValidationError:
        return None  # another test's poison


def test_whoever_leaves_at_any_point_leaves_nothing_behind(pipeline: Pipeline, background: Background) -> None:
    all_of_them = guests(pipeline)
    asyncio.run(all_visit(pipeline.gateway, all_of_them))
    until(lambda: not any(gauges(pipeline).values()), "the gateway holds nothing any more")
    until(lambda: not background.run(tasks()), "nothing of a client is running any more")
    submitted = Submitted(pipeline.log)
    for guest in all_of_them:
        assert_the_books_balance(pipeline, submitted, guest)
    outcomes = Counter(bool(guest.script.asked) for guest in all_of_them)
    assert outcomes[True] > CLIENTS // 2
    assert outcomes[False], "some left before their request was whole"
    with httpx.Client(base_url=pipeline.gateway, trust_env=False, timeout=60) as client:
        script = pipeline.scripts.expect({"acme-small": [says("Seven.")]})
        assert client.post(CHAT, json={"model": "auto", **script.request()}).status_code == 200


def assert_the_books_balance(pipeline: Pipeline, submitted: Submitted, guest: Guest) -> None:
    """One request at most, which ended; and each of its calls is in the provider's book and in the ledger's."""
    ids = until(lambda: submitted.of(guest.script.question) or not guest.script.asked, "it is on the log")
    if isinstance(ids, bool):
        return  # it left before Kafka had its request, and no model was called
    [request_id] = ids
    pipeline.completed(request_id)
    totals = pipeline.ledger.story(request_id)["totals"]
    calls = len(guest.script.asked)
    assert (totals["attempts"], totals["cost_micro_usd"]) == (calls, calls * COSTS["acme-small"]), guest
    assert len(pipeline.ends(request_id)) == 1
