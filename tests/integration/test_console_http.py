"""The ledger's and Jaeger's APIs as the console reads them, from a real HTTP server on the loopback."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import pytest

from services.console.__main__ import main
from services.console.adapters.http_api import HttpApi
from services.console.adapters.jaeger import Jaeger
from services.console.adapters.ledger import Ledger
from services.console.domain.failures import CannotReach

REQUEST_ID = UUID("6f1c0c34-70a2-5f0e-9d0a-4f3c5f7f2a11")
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
STORY = {
    "request": {"request_id": str(REQUEST_ID), "state": "completed", "trace_id": TRACE_ID},
    "attempts": [],
    "escalations": [],
    "feedback": [],
    "totals": {"attempts": 0, "cost_micro_usd": 0},
}
TRACE = {
    "data": [
        {
            "traceID": TRACE_ID,
            "processes": {"p1": {"serviceName": "router"}},
            "spans": [
                {
                    "spanID": "b",
                    "operationName": "chat",
                    "references": [{"refType": "CHILD_OF", "traceID": TRACE_ID, "spanID": "a"}],
                    "startTime": 1_000,
                    "duration": 500,
                    "tags": [{"key": "otel.status_code", "type": "string", "value": "ERROR"}],
                    "processID": "p1",
                },
                {"spanID": "a", "operationName": "decide", "startTime": 0, "duration": 2_000, "processID": "p1"},
            ],
        }
    ]
}


@dataclass
class Server:
    """Answers each path with the JSON put there; a list is given one by one, its last item again and again."""

    root: str
    answers: dict[str, Any] = field(default_factory=dict[str, Any])
    asked: list[str] = field(default_factory=list[str])
    connections: set[Any] = field(default_factory=set[Any])

    def answer(self, path: str) -> tuple[int, bytes]:
        self.asked.append(path)
        found = self.answers.get(path.split("?")[0])
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        if isinstance(found, int) or found is None:
            return found or 404, b"{}"
        return 200, found if isinstance(found, bytes) else json.dumps(found).encode()


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            told.connections.add(self.client_address)
            status, body = told.answer(self.path)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        told = Server(f"http://127.0.0.1:{http.server_port}")
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        yield told
        http.shutdown()


def api(server: Server) -> HttpApi:
    return HttpApi("the ledger", server.root + "/", "start it", 5)


async def test_a_story_that_comes_a_moment_later_is_waited_for(server: Server) -> None:
    server.answers[f"/requests/{REQUEST_ID}"] = [404, 404, STORY]

    assert await Ledger(api(server)).story(REQUEST_ID) == STORY
    assert len(server.asked) == 3


async def test_a_connection_is_kept_while_pages_are_served(server: Server) -> None:
    server.answers["/summary"] = {"total": {}}
    asking = api(server)
    await asking.open()
    for _ in range(3):
        await asking.get("/summary")
    assert len(server.connections) == 1
    await asking.close()
    await asking.get("/summary")
    assert len(server.connections) == 2


async def test_the_summary_is_asked_since_a_time(server: Server) -> None:
    server.answers["/summary"] = {"total": {}}

    assert await Ledger(api(server)).summary("2026-05-04T00:00:00+00:00") == {"total": {}}
    assert server.asked == ["/summary?since=2026-05-04T00%3A00%3A00%2B00%3A00"]


async def test_what_was_learned_is_asked_since_a_time(server: Server) -> None:
    server.answers["/scores"] = {"scores": [], "checks": []}

    assert await Ledger(api(server)).scores("2026-05-04T00:00:00+00:00") == {"scores": [], "checks": []}
    assert server.asked == ["/scores?since=2026-05-04T00%3A00%3A00%2B00%3A00"]


async def test_spans_are_read_with_parents_services_and_errors(server: Server) -> None:
    server.answers[f"/api/traces/{TRACE_ID}"] = TRACE
    spans = {span.span_id: span for span in await Jaeger(api(server)).trace(TRACE_ID)}

    assert (spans["b"].parent_id, spans["b"].service, spans["b"].failed) == ("a", "router", True)
    assert (spans["a"].parent_id, spans["a"].duration_us, spans["a"].failed) == (None, 2_000, False)


@pytest.mark.parametrize("answer", [500, b"<html>"], ids=["an error", "no JSON"])
async def test_an_answer_that_is_none_is_told(server: Server, answer: object) -> None:
    server.answers["/summary"] = answer

    with pytest.raises(CannotReach, match=f"the ledger at {server.root}"):
        await Ledger(api(server)).summary(None)


def test_a_request_id_leads_to_its_trace(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers[f"/requests/{REQUEST_ID}"] = STORY
    server.answers[f"/api/traces/{TRACE_ID}"] = TRACE

    assert main(["trace", str(REQUEST_ID), "--ledger", server.root, "--jaeger", server.root]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"trace {TRACE_ID}: 2 spans of 1 services, 2 ms")
    assert told.index("decide") < told.index("chat ✗")


def test_a_story_is_shown(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers[f"/requests/{REQUEST_ID}"] = STORY

    assert main(["show", str(REQUEST_ID), "--ledger", server.root]) == 0
    assert f"request {REQUEST_ID}" in capsys.readouterr().out
    assert main(["show", str(REQUEST_ID), "--ledger", server.root, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == STORY


@pytest.mark.parametrize("command", ["show", "trace"])
def test_an_unknown_request_is_refused(command: str, server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, str(REQUEST_ID), "--ledger", server.root]) == 1
    assert "has not heard of request" in capsys.readouterr().err


def test_a_trace_that_jaeger_does_not_hold_is_refused(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", TRACE_ID, "--jaeger", server.root]) == 1
    assert f"Jaeger holds no trace {TRACE_ID}" in capsys.readouterr().err
