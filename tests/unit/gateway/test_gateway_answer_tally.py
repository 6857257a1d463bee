"""Every answer is counted by route, status and code: an outage in which all requests fail is seen at the door."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from http_waits import until
from starlette.types import Receive, Scope, Send

from schemas.outcome import RequestFailed
from schemas.request import RequestSubmitted
from services.gateway.adapters.answer_tally import AnswerTally, Tallied
from services.gateway.routes.desk import Desk

Gateway = Callable[..., Any]
ASK: dict[str, Any] = {"messages": [{"role": "user", "content": "x"}]}
CHAT = "/v1/chat/completions"


async def test_what_ended_well_and_what_failed_are_told_apart(
    gateway: Gateway, make_failed: Callable[..., RequestFailed]
) -> None:
    def fails(asked: RequestSubmitted) -> RequestFailed:
        return make_failed(asked.request_id, reason="no_eligible_model")

    async with gateway(fails) as running, httpx.AsyncClient(base_url=running.url) as client:
        assert (await client.post(CHAT, json=ASK)).status_code == 503
        assert (await client.post(CHAT, json={})).status_code == 400
        assert (await client.get("/v1/models/small")).status_code == 200
        assert (await client.get("/v1/models/none-such")).status_code == 404
        assert (await client.get("/v1/secret-words")).status_code == 404
        assert (await client.get("/live")).status_code == 200
        assert running.tally.answers == {
            (CHAT, "503", "no_eligible_model"): 1,
            (CHAT, "400", "missing_required_parameter"): 1,
            ("/v1/models/{name:path}", "200", "ok"): 1,
            ("/v1/models/{name:path}", "404", "model_not_found"): 1,
            ("none", "404", "unknown_url"): 1,
        }
        assert sum(running.tally.seconds.counts) == 2


async def test_a_stream_that_fails_after_it_began_is_counted_as_failed(
    gateway: Gateway, make_failed: Callable[..., RequestFailed]
) -> None:
    async with gateway(lambda asked: None, progress_s=0.01) as running, httpx.AsyncClient() as client:
        async with client.stream("POST", f"{running.url}{CHAT}", json={**ASK, "stream": True}) as told:
            assert told.status_code == 200
            failed = make_failed(running.asked.request_id, reason="unreachable")
            running.kafka._end(failed)
            assert "unreachable" in (await told.aread()).decode()
        await until(lambda: bool(running.tally.answers))
        assert running.tally.answers == {(CHAT, "502", "unreachable"): 1}


async def test_a_client_that_left_and_a_route_that_broke_are_counted_too() -> None:
    async def broke(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError

    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        return None

    async def never(*_: object) -> Any:
        raise AssertionError

    tally = AnswerTally()
    with pytest.raises(RuntimeError):
        await Tallied(broke, tally)({"type": "http"}, never, never)
    await Tallied(silent, tally)({"type": "http"}, never, never)
    assert tally.answers == {("none", "500", "broken"): 1, ("none", "499", "client_left"): 1}


@pytest.mark.parametrize("access_log", [True, False])
async def test_an_access_line_names_route_status_and_ids_and_nothing_of_the_clients(
    gateway: Gateway, caplog: pytest.LogCaptureFixture, access_log: bool
) -> None:
    with caplog.at_level("INFO", "services.gateway.adapters.answer_tally"):
        async with gateway(access_log=access_log) as running, httpx.AsyncClient(base_url=running.url) as client:
            asked = {"messages": [{"role": "user", "content": "open-sesame"}]}
            reply = await client.post(
                f"{CHAT}?open-sesame", json=asked, headers={"authorization": "Bearer open-sesame"}
            )
            await client.get("/ready")
    lines = [each for each in caplog.records if each.name == "services.gateway.adapters.answer_tally"]
    assert len(lines) == access_log
    for line in lines:
        told = vars(line)
        request_id = reply.headers["x-portfolio-request-id"]
        assert (told["method"], told["route"], told["status"], told["code"]) == ("POST", CHAT, 200, "ok")
        assert (told["request_id"], told["trace_id"]) == (request_id, reply.headers["x-portfolio-trace-id"])
        assert told["tenant"] == "default"
        assert line.getMessage().endswith(f"{request_id}, tenant default")
        assert "open-sesame" not in str(told)


@pytest.mark.parametrize(
    ("method", "path", "header"),
    [
        ("POST", CHAT, "x-request-id"),
        ("POST", "/v1/responses", "x-request-id"),
        ("POST", "/v1/messages", "request-id"),
        ("GET", "/v1/files", "x-request-id"),
        ("GET", "/v1/batches/batch_1", "x-request-id"),
        ("GET", "/v1/models", "x-request-id"),
        ("GET", "/v1/none-such", "x-request-id"),
    ],
)
async def test_an_answer_without_a_request_has_an_id_of_its_own_which_its_line_names(
    gateway: Gateway, caplog: pytest.LogCaptureFixture, method: str, path: str, header: str
) -> None:
    with caplog.at_level("INFO", "services.gateway.adapters.answer_tally"):
        async with gateway(access_log=True) as running, httpx.AsyncClient(base_url=running.url) as client:
            first, second = [await client.request(method, path, json={}) for _ in range(2)]
    answer_id = first.headers[header]
    assert UUID(answer_id) != UUID(second.headers[header])
    assert "x-portfolio-request-id" not in first.headers
    [line, _] = [each for each in caplog.records if each.name == "services.gateway.adapters.answer_tally"]
    assert vars(line)["answer_id"] == answer_id
    assert f"no request, answer {answer_id}" in line.getMessage()


@pytest.mark.parametrize("path", [CHAT, "/v1/responses"])
async def test_where_there_is_a_request_its_id_is_the_answers(gateway: Gateway, path: str) -> None:
    async with gateway() as running, httpx.AsyncClient(base_url=running.url) as client:
        told = (await client.post(path, json={**ASK} if path == CHAT else {"input": "x"})).headers
        assert told["x-request-id"] == told["x-portfolio-request-id"] == str(running.asked.request_id)


async def test_an_answer_that_broke_has_an_id_too(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaks(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(Desk, "visit", breaks)
    async with gateway() as running, httpx.AsyncClient(base_url=running.url) as client:
        reply = await client.get("/v1/models")
    assert (reply.status_code, UUID(reply.headers["x-request-id"]).version) == (500, 4)
