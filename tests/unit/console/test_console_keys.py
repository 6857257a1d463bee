"""Keys as they are named on the command line."""

from datetime import UTC, datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

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


async def test_a_gateway_whose_database_is_away_is_a_part_that_is_away() -> None:
    told = {"error": {"message": "API keys cannot be checked: the gateway's database does not answer."}}

    async def away(request: web.Request) -> web.Response:
        return web.json_response(told, status=503)

    app = web.Application()
    app.router.add_get("/admin/keys", away)
    async with TestServer(app) as gateway:
        with pytest.raises(CannotReach, match="database does not answer"):
            await GatewayKeys(str(gateway.make_url("/")), "key", 5).all_of(None)


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
