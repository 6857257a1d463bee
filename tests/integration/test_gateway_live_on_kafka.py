"""Live streams over real Kafka and two replicas: chunks come to the one replica that holds the client."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from gateway_at_work import ASK, client_of, gateway, responding, until

from infra.bus.config import BusConfig
from schemas.ids import attempt_id_of
from schemas.request import RequestSubmitted
from schemas.streamed import AnswerStreamed
from services.gateway.adapters.live_streams import LiveStreams
from services.gateway.app import GatewayApp

PIECES = ("You ", "asked: ", "Where is ")
CLIENTS = 4


def chunk(request_id: UUID, sequence: int) -> AnswerStreamed:
    told = {"content": PIECES[sequence]}
    return AnswerStreamed(
        request_id=request_id, attempt_id=attempt_id_of(request_id, 1), fence=1, sequence=sequence, delta=told
    )


async def test_what_is_written_comes_to_the_replica_of_its_client_alone(
    bus_config: BusConfig, monkeypatch: pytest.MonkeyPatch
):
    heard: Counter[int] = Counter()
    put = LiveStreams.put

    def counting(self: LiveStreams, event: Any) -> None:
        heard[id(self)] += 1
        put(self, event)

    monkeypatch.setattr(LiveStreams, "put", counting)
    async with (
        responding(bus_config) as responder,
        gateway(bus_config, replica_index=0, replica_count=2) as first,
        gateway(bus_config, replica_index=1, replica_count=2) as second,
    ):
        responder._consumer.pause(*responder._consumer.assignment())
        reading = [asyncio.create_task(read(app)) for app in (first, second) for _ in range(CLIENTS)]
        await until(lambda: len(first._live) + len(second._live) == 2 * CLIENTS)
        for request_id in (*first._live._feeds, *second._live._feeds):
            for sequence in range(len(PIECES)):
                event = chunk(request_id, sequence)
                await responder.say_raw("answer.streamed", event.to_json(), str(request_id).encode())
        await until(lambda: first._live.first_texts["live"] + second._live.first_texts["live"] == 2 * CLIENTS)
        responder._consumer.resume(*responder._consumer.assignment())
        told = await asyncio.gather(*reading)
        assert [RequestSubmitted.read(record.value).stream for record in responder.records] == [True] * 2 * CLIENTS
        assert first._live.ended == second._live.ended == {"passed": CLIENTS}
    assert told == ["You asked: Where is the Louvre?"] * 2 * CLIENTS
    assert list(heard.values()) == [CLIENTS * len(PIECES)] * 2


async def read(app: GatewayApp) -> str:
    async with client_of(app) as client:
        stream = await client.chat.completions.create(model="auto", messages=ASK, stream=True)
        return "".join([part.choices[0].delta.content or "" async for part in stream if part.choices])
