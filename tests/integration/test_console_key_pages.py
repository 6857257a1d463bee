"""API keys on the console's pages, over a gateway at work: made once, rotated, revoked; for admins alone."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from console_at_work import Visitor, pages_over, put_in_force, visiting
from gateway_at_work import gateway
from pydantic import SecretStr

from infra.bus.config import BusConfig
from infra.store.config import StoreConfig
from services.console.app import ConsoleApp, build_app
from services.console.config import ConsoleConfig
from services.gateway.config import KeysPolicy

FIRST = "the-first-key-of-all-the-tests"
AWAY = "http://127.0.0.1:1"


@dataclass
class Desk:
    """Where the pages and the gateway are."""

    url: str
    gateway: str
    app: ConsoleApp

    async def status_of(self, key: str) -> int:
        """What the gateway answers to this key."""
        async with httpx.AsyncClient(trust_env=False) as client:
            headers = {"authorization": f"Bearer {key}"}
            return (await client.get(f"{self.gateway}/v1/models", headers=headers)).status_code


@pytest.fixture
async def desk(bus_config: BusConfig, store_config: StoreConfig) -> AsyncIterator[Desk]:
    await put_in_force(bus_config)
    told: dict[str, Any] = {"keys": KeysPolicy.REQUIRED, "admin_key": FIRST, "store": store_config}
    async with (
        gateway(bus_config, **told) as open_gateway,
        pages_over(bus_config, gateway=open_gateway.url, api_key=SecretStr(FIRST), ledger=AWAY) as pages,
    ):
        app = build_app(ConsoleConfig(kafka=bus_config.kafka_bootstrap_servers), bus_config)
        yield Desk(pages.url, open_gateway.url, app)


async def made(admin: Visitor, **words: str) -> str:
    """The secret of a new key."""
    asked = await admin.send("/keys/create", **words)
    assert "Make this key?" in asked.text, asked.text
    page = await admin.send("/keys/create", **words, confirmed="yes")
    return secret_in(page)


def secret_in(page: httpx.Response) -> str:
    assert page.headers["cache-control"] == "no-store"
    found = re.search(r"mp-[0-9a-f]{12}-[A-Za-z0-9_-]{20,}", page.text)
    assert found is not None, page.text
    return found[0]


async def test_a_key_is_made_shown_once_rotated_and_revoked(desk: Desk) -> None:
    async with visiting(desk.url, "ada") as ada:
        secret = await made(ada, name="the <shop>", tenant="shop", lanes="simple, simple", requests_per_minute="600")
        prefix = secret[:15]
        assert await desk.status_of(secret) == 200
        page = (await ada.see("/keys")).text
        assert (prefix in page, secret in page, "the &lt;shop&gt;" in page, "600 requests" in page) == (
            True,
            False,
            True,
            True,
        )
        assert (await ada.see("/budgets")).status_code == 503, "the ledger is away, and keys are told nevertheless"

        assert "Both are good for 1h" in (await ada.send("/keys/rotate", key=prefix, overlap="1h")).text
        second = secret_in(await ada.send("/keys/rotate", key=prefix, overlap="1h", confirmed="yes"))
        assert [await desk.status_of(each) for each in (secret, second)] == [200, 200]

        assert "Revoke mp-" in (await ada.send("/keys/revoke", key=second[:15])).text
        page = await ada.send("/keys/revoke", key=second[:15], confirmed="yes")
        assert "revoked" in page.text
        record = (await ada.see("/record")).text
    deeds = [(each.by, each.deed) for each in await desk.app.deeds()]
    assert deeds == [("ada", "key_created"), ("ada", "key_rotated"), ("ada", "key_revoked")]
    assert secret not in record
    assert second not in record


async def test_nonsense_is_told_and_makes_no_key(desk: Desk) -> None:
    async with visiting(desk.url, "ada") as ada:
        for words, says in (
            ({"name": " "}, "say what or whom the key is for"),
            ({"name": "x", "requests_per_minute": "many"}, "is no whole number"),
            ({"name": "x", "expires_in": "soon"}, "is no span of time"),
        ):
            page = await ada.send("/keys/create", **words)
            assert (page.status_code, says in page.text) == (422, True), words
        wrong = await ada.send("/keys/create", name="x", tenant="no tenant!", confirmed="yes")
        assert (wrong.status_code, "tenant" in wrong.text) == (409, True)
        page = await ada.send("/keys/revoke", key="mp-nothing", confirmed="yes")
        assert (page.status_code, "named by its prefix" in page.text) == (422, True)


async def test_only_admins_see_keys(desk: Desk) -> None:
    async with visiting(desk.url, "olga") as olga:
        assert [(await olga.see(path)).status_code for path in ("/keys", "/budgets")] == [403, 403]
        for deed in ("create", "rotate", "revoke"):
            assert (await olga.send(f"/keys/{deed}", name="x", confirmed="yes")).status_code == 403
        assert "/keys" not in (await olga.see("/portfolio")).text
    assert await desk.app.deeds() == []
