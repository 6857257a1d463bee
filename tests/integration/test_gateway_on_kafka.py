"""The gateway on real Kafka, before a scripted responder that stands for the rest of the pipeline."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import openai
import pytest
from gateway_at_work import (
    ASK,
    TOOLS,
    TRACE_ID,
    WITHIN_S,
    End,
    answered,
    client_of,
    gateway,
    ready,
    responding,
    until,
)
from openai import AsyncOpenAI
from own_ports import free_port

from infra.bus.bus import Bus
from infra.bus.config import BusConfig
from infra.local.kafka import EmbeddedKafka
from infra.telemetry.config import TelemetryConfig
from infra.telemetry.telemetry import Telemetry
from schemas.envelope import header
from schemas.request import RequestSubmitted
from schemas.topics import names_to_create
from services.gateway.adapters.own_topics import PartitionsDiffer
from services.gateway.adapters.waiting import Waiting
from services.gateway.app import build_app
from services.gateway.config import GatewayConfig


async def test_the_official_client_is_served_over_kafka(bus_config: BusConfig):
    async with responding(bus_config), gateway(bus_config) as app, client_of(app) as client:
        plain = await client.chat.completions.create(model="auto", messages=ASK)
        assert plain.choices[0].message.content == "You asked: Where is the Louvre?"
        assert plain.usage and (plain.usage.prompt_tokens, plain.usage.completion_tokens) == (5, 7)
        tools = await client.chat.completions.create(model="portfolio/simple", messages=ASK, tools=TOOLS)
        [call] = tools.choices[0].message.tool_calls or []
        assert (call.type, tools.choices[0].finish_reason) == ("function", "tool_calls")
        shape: Any = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}
        raw = await client.chat.completions.with_raw_response.create(model="small", messages=ASK, response_format=shape)
        assert json.loads(raw.parse().choices[0].message.content or "") == {"city": "Paris"}
        assert raw.headers["x-portfolio-model"] == "small"
        assert [model.id async for model in client.models.list()] == ["auto", "portfolio/simple", "small"]


async def test_a_request_is_an_event_with_key_envelope_and_trace(bus_config: BusConfig):
    parent = f"00-{TRACE_ID}-b7ad6b7169203331-01"
    async with responding(bus_config) as responder, gateway(bus_config) as app:
        async with client_of(app, default_headers={"traceparent": parent}) as client:
            raw = await client.chat.completions.with_raw_response.create(
                model="auto", messages=ASK, seed=7, extra_body={"portfolio": {"deadline_s": 9}}
            )
        [record] = responder.records
    request_id = raw.headers["x-portfolio-request-id"]
    assert raw.headers["x-portfolio-trace-id"] == TRACE_ID
    assert record.key == request_id.encode()
    assert header(record.headers, "ce_type") == "request.submitted"
    assert header(record.headers, "ce_source") == "gateway"
    assert header(record.headers, "ce_subject") == request_id
    traceparent = header(record.headers, "traceparent") or ""
    assert traceparent.startswith(f"00-{TRACE_ID}-")
    assert traceparent != parent
    told = json.loads(record.value)
    assert (told["request_id"], told["tenant"], told["model"]) == (request_id, "default", "auto")
    assert (told["messages"], told["params"], told["deadline_s"]) == (ASK, {"seed": 7}, 9)


async def test_a_failure_has_its_status_and_says_what_to_do(bus_config: BusConfig):
    async with responding(bus_config), gateway(bus_config) as app, client_of(app) as client:
        with pytest.raises(openai.NotFoundError) as caught:
            await client.chat.completions.create(model="gpt-9", messages=ASK)
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")
    assert "the portfolio has: small" in caught.value.message
    assert UUID(caught.value.response.headers["x-portfolio-request-id"])


async def test_an_answer_costs_one_replica_s_work(bus_config: BusConfig, monkeypatch: pytest.MonkeyPatch):
    heard: Counter[int] = Counter()
    resolve = Waiting.resolve

    def counting(self: Waiting, end: End) -> None:
        heard[id(self)] += 1
        resolve(self, end)

    monkeypatch.setattr(Waiting, "resolve", counting)
    async with (
        responding(bus_config) as responder,
        gateway(bus_config, replica_index=0, replica_count=2) as first,
        gateway(bus_config, replica_index=1, replica_count=2) as second,
        client_of(first) as to_first,
        client_of(second) as to_second,
    ):
        asked = [to_first] * 12 + [to_second] * 8
        told = await asyncio.gather(*(client.chat.completions.create(model="auto", messages=ASK) for client in asked))
        assert len({one.id for one in told}) == 20
        assert sorted(heard.values()) == [8, 12]
        where = Counter(record.partition % 2 for record in responder.records)
        assert where == {0: 12, 1: 8}


async def test_what_ended_before_and_what_others_asked_is_nothing_to_it(bus_config: BusConfig):
    async with responding(bus_config) as responder:
        old = answered(RequestSubmitted(request_id=uuid4(), tenant="default", messages=tuple(ASK)))
        await responder.say(old, str(old.request_id).encode())
        async with gateway(bus_config) as app, client_of(app) as client:
            for number in range(bus_config.topic_partitions):
                await responder.say_raw("request.completed", b"\xff not json", b"%d" % number)
                await responder.say_raw("request.failed", b'{"request_id": 5}', b"%d" % number)
            stranger = answered(RequestSubmitted(request_id=uuid4(), tenant="other", messages=tuple(ASK)))
            await responder.say(stranger, b"any key of its own")
            for _ in range(bus_config.topic_partitions * 2):
                told = await client.chat.completions.create(model="auto", messages=ASK)
                assert told.choices[0].message.content == "You asked: Where is the Louvre?"


async def test_the_largest_request_that_is_taken_fits_into_kafka_as_its_events_carry_it(bus_config: BusConfig):
    limit = GatewayConfig().max_inline_bytes
    async with responding(bus_config) as responder, gateway(bus_config) as app:
        async with httpx.AsyncClient(timeout=WITHIN_S) as client:
            for content, status in (("é" * (limit // 2 - 500), 200), ("x" * GatewayConfig().max_body_bytes, 413)):
                body = json.dumps({"messages": [{"role": "user", "content": content}]}, ensure_ascii=False).encode()
                headers = {"content-type": "application/json"}
                told = await client.post(f"{app.url}/v1/chat/completions", content=body, headers=headers)
                assert told.status_code == status, told.text[:200]
        [record] = responder.records
        assert limit - 1_200 < len(record.value) < limit


async def test_it_is_ready_once_a_portfolio_is_applied(bus_config: BusConfig):
    async with gateway(bus_config) as app:
        assert "no portfolio has been applied yet" in await ready(app, 503)
        async with responding(bus_config):
            await ready(app, 200)


async def test_partition_counts_that_differ_stop_the_start(bus_config: BusConfig):
    fewer = bus_config.model_copy(update={"topic_partitions": 2})
    bus = Bus(fewer, "console", Telemetry(TelemetryConfig(), "console"))
    await bus.create_topics(["request.failed"])
    apart = bus_config.model_copy(update={"topics_create": False})
    bus = Bus(bus_config, "console", Telemetry(TelemetryConfig(), "console"))
    others = [name for name in names_to_create(()) if name != "request.failed"]
    await bus.create_topics(others)
    app = build_app(GatewayConfig(port=0), apart, TelemetryConfig())
    with pytest.raises(PartitionsDiffer, match=r"request\.completed has 4, request\.failed has 2"):
        await app.start()
    await app.stop()


async def test_a_stop_waits_for_answers_under_way_and_leaves_no_task(bus_config: BusConfig):
    before = asyncio.all_tasks()
    async with responding(bus_config) as responder:
        app = build_app(GatewayConfig(port=0), bus_config, TelemetryConfig())
        await app.start()
        responder._consumer.pause(*responder._consumer.assignment())
        async with client_of(app, max_retries=0) as client:
            asking = asyncio.create_task(client.chat.completions.create(model="auto", messages=ASK))
            await until(lambda: len(app._waiting) == 1)
            stopping = asyncio.create_task(app.stop())
            await until(lambda: app._stopping)
            responder._consumer.resume(*responder._consumer.assignment())
            assert (await asking).choices[0].message.content
            await stopping
    await until(lambda: asyncio.all_tasks() <= before)


async def test_it_turns_requests_away_while_kafka_is_gone_and_serves_again_when_it_is_back(scratch: Path):
    with EmbeddedKafka(scratch / "kafka-that-goes", free_port()) as kafka:
        config = BusConfig(kafka_bootstrap_servers=kafka.address, topic_partitions=2, publish_deadline_s=2)
        async with (
            responding(config),
            gateway(config, publish_timeout_s=1) as app,
            client_of(app, max_retries=0) as client,
        ):
            assert await client.chat.completions.create(model="auto", messages=ASK)
            await asyncio.to_thread(kafka.stop)
            for _ in range(2):
                with pytest.raises(openai.InternalServerError) as caught:
                    await client.chat.completions.create(model="auto", messages=ASK)
                assert caught.value.status_code == 503
            assert (len(app._waiting), len(app._submissions)) == (0, 0)
            await asyncio.to_thread(kafka.start)
            async with asyncio.timeout(2 * WITHIN_S):
                while not await _served(client):
                    pass


async def _served(client: AsyncOpenAI) -> bool:
    try:
        await client.chat.completions.create(model="auto", messages=ASK)
    except openai.InternalServerError:
        return False
    return True
