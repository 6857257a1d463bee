"""Keys as they are named on the command line."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from services.console.__main__ import main
from services.console.adapters.gateway_keys import GatewayKeys
from services.console.domain.failures import CannotReach, Misused
from services.console.domain.keys import id_of, seconds_of, state_of, wish, words_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_key_is_named_by_its_prefix_or_its_id() -> None:
    assert id_of("mp-1f0c2a9b44de") == id_of("1f0c2a9b44de") == "1f0c2a9b44de"


@pytest.mark.parametrize("text", ["", "mp-", "mp-1f0c2a9b44de-secret", "../x", "mp-1F0C2A9B44DE"])
def test_anything_else_is_not_sent_anywhere(text: str) -> None:
    with pytest.raises(Misused):
        id_of(text)


def test_spans_are_told_in_seconds_minutes_hours_or_days() -> None:
    assert [seconds_of(span) for span in ("5s", "30m", "24h", "7d")] == [5, 1_800, 86_400, 604_800]
    for wrong in ("", "5", "h", "-1h", "1w"):
        with pytest.raises(Misused):
            seconds_of(wrong)


@pytest.mark.parametrize(
    ("revoked", "expires", "state"),
    [
        (None, None, "good"),
        (None, "2026-03-02T00:00:00Z", "good until 2026-03-02 00:00Z"),
        (None, "2026-03-01T00:00:00Z", "expired"),
        ("2026-02-01T00:00:00Z", "2026-03-02T00:00:00Z", "revoked"),
    ],
)
def test_a_key_s_state_is_one_word(revoked: str | None, expires: str | None, state: str) -> None:
    assert state_of({"revoked_at": revoked, "expires_at": expires}, NOW) == state


def test_a_gateway_that_is_not_there_is_told_with_its_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "list", "--gateway", "http://127.0.0.1:1"]) == 3
    assert "give --gateway" in capsys.readouterr().err


@contextmanager
def away(body: bytes) -> Iterator[str]:
    """Where a server answers everything by 503."""

    class Away(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 its name
            """Nothing on the test's output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Away) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"error": {"message": "the gateway\'s database does not answer"}}', "database does not answer"),
        (b'{"message": "no healthy upstream"}', "the gateway answered 503"),
    ],
    ids=["the gateway's", "a balancer's"],
)
async def test_a_gateway_that_cannot_look_is_a_part_that_is_away(body: bytes, says: str) -> None:
    with away(body) as url, pytest.raises(CannotReach, match=says):
        await GatewayKeys(url, "key", 5).all_of(None)


def test_a_form_s_words_become_a_wish() -> None:
    form = {
        "name": " the shop ", "tenant": "", "scopes": "chat,admin", "lanes": "simple, critical ,", "data_classes": " ",
        "requests_per_minute": "600", "tokens_per_minute": "", "expires_in": "12h", "csrf": "x",
    }  # fmt: skip

    assert wish(words_of(form), NOW) == {
        "name": "the shop",
        "scopes": ["chat", "admin"],
        "lanes": ["simple", "critical"],
        "requests_per_minute": 600,
        "expires_at": "2026-03-01T12:00:00+00:00",
    }


@pytest.mark.parametrize("text", ["many", "-1", "1.5", "٣"])
def test_a_limit_is_a_whole_number(text: str) -> None:
    with pytest.raises(Misused, match="tokens_per_minute"):
        words_of({"name": "x", "tokens_per_minute": text})
