"""The gateway over a real loopback port: the official client, and clients that behave badly."""

import asyncio
import gzip
import json
from collections.abc import Callable
from typing import Any

import httpx
import openai
import pytest
from http_waits import until
from openai.types.chat import ChatCompletion

from infra.http_server import HttpServer, PortTaken
from schemas.outcome import RequestCompleted, RequestFailed

ASK: Any = [{"role": "user", "content": "Where is the Louvre?"}]
BODY = json.dumps({"messages": ASK}).encode()
JSON = {"content-type": "application/json"}
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
WITHIN_S = 5

Gateway = Callable[..., Any]
MakeCompleted = Callable[..., RequestCompleted]
MakeFailed = Callable[..., RequestFailed]


async def post(url: str, **told: Any) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.post(f"{url}/v1/chat/completions", **told)


async def test_the_official_client_gets_its_answer(gateway: Gateway):
    async with gateway() as running, running.client() as client:
        told = await client.chat.completions.create(model="auto", messages=ASK, temperature=0.2, max_tokens=50)
        assert isinstance(told, ChatCompletion)
        assert told.choices[0].message.content == "Paris."
        assert told.usage and told.usage.total_tokens == 15
        assert running.asked.model == "auto"
        assert running.asked.params == {"temperature": 0.2, "max_tokens": 50}
        assert (running.asked.tenant, told.id) == ("default", f"chatcmpl-{running.asked.request_id}")


async def test_tools_and_schemas_go_through_and_tool_calls_come_back(gateway: Gateway, make_completed: MakeCompleted):
    call = {"id": "call_1", "type": "function", "function": {"name": "where", "arguments": '{"of":"Louvre"}'}}
    answer = {"message": {"role": "assistant", "content": None, "tool_calls": [call]}, "finish_reason": "tool_calls"}
    tools: Any = [{"type": "function", "function": {"name": "where", "strict": True, "parameters": {"type": "object"}}}]
    shape: Any = {"type": "json_schema", "json_schema": {"name": "a", "strict": True, "schema": {"type": "object"}}}
    async with gateway(lambda asked: make_completed(asked.request_id, answer=answer)) as running:
        async with running.client() as client:
            told = await client.chat.completions.create(
                model="portfolio/critical",
                messages=ASK,
                tools=tools,
                tool_choice="required",
                response_format=shape,
                extra_body={"portfolio": {"risk": "high", "deadline_s": 9, "session": "s-1"}},
                metadata={"ticket": "T-1"},
            )
        [calling] = told.choices[0].message.tool_calls or []
        assert calling.type == "function"
        assert json.loads(calling.function.arguments) == {"of": "Louvre"}
        assert list(running.asked.tools or ()) == tools
        assert running.asked.response_format == shape
        assert running.asked.params == {"tool_choice": "required"}
        assert (running.asked.risk, running.asked.deadline_s, running.asked.session) == ("high", 9, "s-1")
        assert running.asked.metadata == {"ticket": "T-1"}


async def test_headers_tell_the_road_and_the_trace_goes_on(gateway: Gateway):
    async with gateway() as running, running.client(default_headers={"traceparent": PARENT}) as client:
        raw = await client.chat.completions.with_raw_response.create(model="auto", messages=ASK)
        [(asked, traceparent)] = running.kafka.published
        [span] = running.spans.get_finished_spans()
    assert raw.headers["x-portfolio-request-id"] == str(asked.request_id)
    assert raw.headers["x-portfolio-model"] == "small"
    assert raw.headers["x-portfolio-provider"] == "acme"
    assert raw.headers["x-portfolio-status"] == "verified"
    assert raw.headers["x-portfolio-attempts"] == "2"
    assert raw.headers["x-portfolio-cost-usd"] == "0.00015"
    assert raw.headers["x-portfolio-trace-id"] == PARENT.split("-")[1]
    assert span.parent and f"{span.parent.span_id:016x}" == PARENT.split("-")[2]
    assert span.context and traceparent == f"{PARENT[:36]}{span.context.span_id:016x}-01"
    assert (span.name, span.kind.name) == ("POST /v1/chat/completions", "SERVER")
    assert span.attributes and span.attributes["http.response.status_code"] == 200
    assert "Louvre" not in span.to_json()


@pytest.mark.parametrize("parent", ["nonsense", "00-" + "0" * 32 + "-b7ad6b7169203331-01", PARENT.upper(), "é"])
async def test_an_invalid_traceparent_is_as_good_as_none(gateway: Gateway, parent: str):
    async with gateway() as running:
        told = await post(running.url, content=BODY, headers=[*JSON.items(), ("traceparent", parent.encode())])
        [span] = running.spans.get_finished_spans()
    assert told.status_code == 200
    assert span.parent is None
    assert told.headers["x-portfolio-trace-id"] == f"{span.context.trace_id:032x}"


async def test_a_failed_request_is_an_error_of_the_clients_own_and_is_not_sent_again(
    gateway: Gateway, make_failed: MakeFailed
):
    async with gateway(lambda asked: make_failed(asked.request_id)) as running, running.client() as client:
        with pytest.raises(openai.InternalServerError) as caught:
            await client.chat.completions.create(model="auto", messages=ASK)
        asked = running.asked
    error = caught.value
    assert (error.status_code, error.code, error.type) == (502, "tiers_spent", "server_error")
    assert "small and large were tried" in error.message
    assert error.response.headers["x-portfolio-request-id"] == str(asked.request_id)
    assert error.response.headers["x-portfolio-attempts"] == "2"
    assert error.response.headers["x-portfolio-status"] == "failed"


async def test_an_unknown_model_is_not_found(gateway: Gateway, make_failed: MakeFailed):
    def pipeline(asked: Any) -> RequestFailed:
        return make_failed(asked.request_id, reason="unknown_model", detail=f"unknown model {asked.model!r}")

    async with gateway(pipeline) as running, running.client() as client:
        with pytest.raises(openai.NotFoundError) as caught:
            await client.chat.completions.create(model="gpt-9", messages=ASK)
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")


async def test_what_cannot_be_streamed_is_refused_by_name(gateway: Gateway):
    async with gateway() as running, running.client() as client:
        with pytest.raises(openai.BadRequestError) as caught:
            await client.chat.completions.create(model="auto", messages=ASK, stream=True, n=2)
        assert running.kafka.published == []
    assert (caught.value.param, caught.value.code) == ("n", "unsupported_parameter")
    assert "x-portfolio-request-id" not in caught.value.response.headers
    assert caught.value.response.headers["x-portfolio-trace-id"]


@pytest.mark.parametrize("headers", [{}, {"content-type": "text/plain"}, {"content-type": "application/jsonish"}])
async def test_a_body_that_does_not_call_itself_json_is_refused(gateway: Gateway, headers: dict[str, str]):
    async with gateway() as running:
        told = await post(running.url, content=BODY, headers=headers)
    assert told.status_code == 415
    assert "content-type: application/json" in told.json()["error"]["message"]


async def test_a_packed_body_is_refused_by_its_coding(gateway: Gateway):
    async with gateway() as running:
        told = await post(running.url, content=gzip.compress(BODY), headers={**JSON, "content-encoding": "gzip"})
        plain = await post(running.url, content=BODY, headers={**JSON, "content-encoding": "identity"})
    assert (told.status_code, plain.status_code) == (415, 200)
    assert told.json()["error"]["param"] == "content-encoding"
    assert "content-encoding gzip is not read here" in told.json()["error"]["message"]


async def test_a_content_type_may_name_its_charset(gateway: Gateway):
    async with gateway() as running:
        told = await post(running.url, content=BODY, headers={"content-type": "Application/JSON; charset=utf-8"})
    assert told.status_code == 200


async def _in_chunks(size: int, sent: list[int]):
    for _ in range(size):
        sent.append(1_000)
        yield b"x" * 1_000


@pytest.mark.parametrize("chunked", [True, False])
async def test_a_body_over_the_limit_is_refused_and_the_next_one_served(gateway: Gateway, chunked: bool):
    content: Any = _in_chunks(8, []) if chunked else b"x" * 8_000
    async with gateway(max_body_bytes=1_000) as running:
        told = await post(running.url, content=content, headers=JSON)
        assert told.status_code == 413
        assert told.json()["error"]["code"] == "request_too_large"
        assert "1000 bytes" in told.json()["error"]["message"]
        assert (await post(running.url, content=BODY, headers=JSON)).status_code == 200


async def test_a_body_at_the_limit_is_served(gateway: Gateway):
    limit = 6 * len(BODY)
    async with gateway(max_body_bytes=limit) as running:
        assert (await post(running.url, content=BODY.ljust(limit), headers=JSON)).status_code == 200
        assert (await post(running.url, content=BODY.ljust(limit + 1), headers=JSON)).status_code == 413
        assert len(running.kafka.published) == 1


async def test_a_body_without_end_is_cut_off_and_never_held(gateway: Gateway):
    async with gateway(max_body_bytes=1_000) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(HEAD % 99_999_999_999 + b"x" * 1_000)
        told = await asyncio.wait_for(reader.read(), WITHIN_S)
        assert told.startswith(b"HTTP/1.1 413 ")
        assert b"connection: close" in told
        writer.close()
        await until(lambda: len(running.waiting) == 0)


async def test_a_body_that_never_comes_whole_is_given_up(gateway: Gateway):
    async with gateway(body_timeout_s=0.05) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(HEAD % 100 + b"{")
        told = await asyncio.wait_for(reader.read(), WITHIN_S)
        assert told.startswith(b"HTTP/1.1 408 ")
        writer.close()


@pytest.mark.parametrize("moment", ["in the body", "before Kafka has it", "before the answer"])
async def test_a_client_that_hangs_up_leaves_nothing_behind(gateway: Gateway, moment: str):
    async with gateway(lambda asked: None) as running:
        running.kafka.away = moment == "before Kafka has it"
        _, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(HEAD % len(BODY) + (BODY[:5] if moment == "in the body" else BODY))
        await until(lambda: len(running.waiting) == 1)
        if moment == "before the answer":
            await until(lambda: len(running.kafka.published) == 1)
        writer.close()
        await until(lambda: len(running.waiting) == 0)
        await until(lambda: len(running.spans.get_finished_spans()) == 1)
        assert len(running.submissions) == 0
        [span] = running.spans.get_finished_spans()
        assert span.attributes and span.attributes["http.response.status_code"] == 499


async def test_while_kafka_is_away_requests_are_turned_away_and_not_published_later(gateway: Gateway):
    async with gateway(publish_timeout_s=0.05) as running:
        running.kafka.away = True
        first = await post(running.url, content=BODY, headers=JSON)
        second = await post(running.url, content=BODY, headers=JSON)
        assert (first.status_code, first.headers["x-should-retry"]) == (503, "false")
        assert "may still be carried out" in first.json()["error"]["message"]
        assert (second.status_code, second.headers["x-should-retry"]) == (503, "true")
        assert second.headers["retry-after"] == "1"
        assert (len(running.submissions), len(running.waiting)) == (0, 0)


async def test_a_request_that_kafka_will_never_take_is_refused(gateway: Gateway):
    async with gateway() as running:
        running.kafka.refuses_with = "MessageSizeTooLargeError"
        assert (await post(running.url, content=BODY, headers=JSON)).status_code == 413


async def test_an_end_that_never_comes_is_a_timeout(gateway: Gateway):
    async with gateway(lambda asked: None, longest_wait_s=0.05) as running:
        told = await post(running.url, content=BODY, headers=JSON)
        assert (told.status_code, told.headers["x-should-retry"]) == (504, "false")
        assert told.headers["x-portfolio-request-id"] == str(running.asked.request_id)
        assert len(running.waiting) == 0


async def test_too_many_waiting_are_turned_away_with_a_time_to_come_back(gateway: Gateway):
    async with gateway(lambda asked: None, max_waiting=1, longest_wait_s=WITHIN_S) as running:
        first = asyncio.create_task(post(running.url, content=BODY, headers=JSON))
        await until(lambda: len(running.waiting) == 1)
        told = await post(running.url, content=BODY, headers=JSON)
        assert (told.status_code, told.headers["retry-after"]) == (503, "1")
        assert told.json()["error"]["code"] == "overloaded"
        first.cancel()


async def test_who_still_waits_when_the_gateway_stops_is_told_so(gateway: Gateway):
    async with gateway(lambda asked: None, longest_wait_s=WITHIN_S) as running:
        asking = asyncio.create_task(post(running.url, content=BODY, headers=JSON))
        await until(lambda: len(running.kafka.published) == 1)
        await asyncio.gather(running.stop(), running.waiting.drain(0))
        told = await asking
    assert (told.status_code, told.json()["error"]["code"]) == (503, "stopping")
    assert told.headers["x-portfolio-request-id"] == str(running.asked.request_id)


async def test_without_a_portfolio_it_is_not_ready_and_says_why(gateway: Gateway):
    async with gateway(applied=None) as running, httpx.AsyncClient(base_url=running.url) as client:
        assert (await client.get("/live")).status_code == 200
        ready = await client.get("/ready")
        assert (ready.status_code, ready.json()["why"]) == (503, "no portfolio has been applied yet")
        told = await client.post("/v1/chat/completions", content=BODY, headers=JSON)
        assert (told.status_code, told.json()["error"]["code"]) == (503, "no_portfolio")
        assert (await client.get("/v1/models")).status_code == 503


async def test_models_and_readiness(gateway: Gateway):
    async with gateway() as running, running.client() as client, httpx.AsyncClient() as plain:
        assert (await plain.get(f"{running.url}/ready")).json() == {"status": "ready"}
        names = [model.id async for model in client.models.list()]
    assert names == ["auto", "portfolio/simple", "portfolio/critical", "small", "large"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/v1/audio/speech", 404), ("GET", "/v1/chat/completions", 405), ("GET", "/", 404)],
)
async def test_other_addresses_are_refused_in_the_same_shape(gateway: Gateway, method: str, path: str, status: int):
    async with gateway() as running, httpx.AsyncClient() as client:
        told = await client.request(method, f"{running.url}{path}")
    assert told.status_code == status
    assert told.json()["error"]["message"].startswith(f"{method} {path} is not served here")
    assert told.headers.get("allow") == ("POST" if status == 405 else None)


async def test_a_fault_of_its_own_has_the_same_shape_and_takes_no_place(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
):
    def mint() -> Any:
        raise RuntimeError("a secret")

    async with gateway(mint=mint) as running:
        told = await post(running.url, content=BODY, headers=JSON)
        [span] = running.spans.get_finished_spans()
        assert len(running.waiting) == 0
    assert told.status_code == 500
    assert "secret" not in told.text
    assert told.json()["error"]["code"] == "internal_error"
    assert span.attributes and span.attributes["http.response.status_code"] == 500
    assert "RuntimeError" in caplog.text


async def test_the_openapi_document_names_every_parameter(gateway: Gateway):
    async with gateway() as running, httpx.AsyncClient() as client:
        document = (await client.get(f"{running.url}/openapi.json")).json()
    operation = document["paths"]["/v1/chat/completions"]["post"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    assert {"messages", "portfolio", "temperature", "stream"} <= set(body["properties"])
    assert "text/event-stream" in operation["responses"]["200"]["content"]
    assert {"200", "400", "404", "413", "503", "504"} <= set(operation["responses"])


async def test_a_taken_port_is_named_with_its_setting():
    first = HttpServer(lambda *_: None, "127.0.0.1", 0, prefix="GATEWAY", grace_s=0)  # type: ignore[arg-type]
    await first.start()
    with pytest.raises(PortTaken, match="set GATEWAY_HOST and GATEWAY_PORT"):
        await HttpServer(
            lambda *_: None, "127.0.0.1", int(first.url.rpartition(":")[2]), prefix="GATEWAY", grace_s=0
        ).start()  # type: ignore[arg-type]
    await first.stop()


async def test_many_at_once_get_their_own_answers(gateway: Gateway, make_completed: MakeCompleted):
    def echo(asked: Any) -> RequestCompleted:
        answer = {"message": {"content": asked.messages[0]["content"]}, "finish_reason": "stop"}
        return make_completed(asked.request_id, answer=answer)

    async with gateway(echo) as running, running.client() as client:
        asking = [
            client.chat.completions.create(model="auto", messages=[{"role": "user", "content": str(number)}])
            for number in range(50)
        ]
        told = await asyncio.gather(*asking)
        assert [one.choices[0].message.content for one in told] == [str(number) for number in range(50)]
        assert len(running.waiting) == 0
