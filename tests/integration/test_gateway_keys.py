"""API keys on real PostgreSQL and Kafka: made, used by the official client, limited, rotated and revoked."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import openai
import pytest
from gateway_at_work import ASK, WITHIN_S, Replicas, replicas
from openai import AsyncOpenAI

from infra.bus.config import BusConfig
from infra.store.config import StoreConfig
from services.gateway.adapters.gate import KEPT_S
from services.gateway.app import NoDatabase, build_app
from services.gateway.config import GatewayConfig, KeysPolicy

FIRST = "the-first-key-of-all-the-tests"


class Keyed(Replicas):
    """Two gateways that want keys, and what they published."""

    async def admin(self, method: str, path: str = "", key: str = FIRST, **told: Any) -> httpx.Response:
        async with httpx.AsyncClient(timeout=WITHIN_S) as client:
            headers = {"authorization": f"Bearer {key}"}
            return await client.request(method, f"{self.apps[0].url}/admin/keys{path}", headers=headers, **told)

    async def made(self, **wish: Any) -> dict[str, Any]:
        answer = await self.admin("POST", json={"name": "a test", **wish})
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def ask(self, key: str, replica: int = 0, **told: Any) -> Any:
        async with AsyncOpenAI(base_url=f"{self.apps[replica].url}/v1", api_key=key, max_retries=0) as client:
            return await client.chat.completions.create(model="auto", messages=ASK, **told)


@pytest.fixture
async def keyed(bus_config: BusConfig, store_config: StoreConfig) -> AsyncIterator[Keyed]:
    async with replicas(bus_config, store_config, keys=KeysPolicy.REQUIRED, admin_key=FIRST) as both:
        yield Keyed(both.apps, both.responder)


async def test_a_key_names_its_tenant_and_what_it_allows(keyed: Keyed) -> None:
    made = await keyed.made(tenant="shop", lanes=["simple"], data_classes=["public", "internal"])
    await keyed.ask(made["key"])
    await keyed.ask(FIRST)
    shop, ours = keyed.asked
    assert (shop.tenant, ours.tenant, ours.grant) == ("shop", "default", None)
    assert shop.grant is not None
    assert (shop.grant.key, shop.grant.lanes, shop.grant.data_classes) == (
        made["prefix"],
        ("simple",),
        ("public", "internal"),
    )
    assert made["key"] not in keyed.responder.records[0].value.decode()


async def test_a_key_for_a_lane_that_is_not_there_is_not_made(keyed: Keyed) -> None:
    answer = await keyed.admin("POST", json={"name": "a test", "lanes": ["simple", "simpel"]})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "lanes")
    assert (await keyed.admin("GET")).json()["keys"] == []


async def test_only_what_a_key_hashes_to_is_kept(keyed: Keyed, store_config: StoreConfig) -> None:
    import asyncpg

    made = await keyed.made()
    connection = await asyncpg.connect(store_config.dsn)
    kept = str(await connection.fetch("SELECT * FROM gateway.keys"))
    await connection.close()
    listed = (await keyed.admin("GET")).text
    assert made["prefix"] in listed
    secret = made["key"].rpartition("-")[2]
    assert secret not in listed
    assert secret not in kept


async def test_who_has_no_good_key_is_turned_away(keyed: Keyed) -> None:
    async with httpx.AsyncClient(base_url=keyed.apps[0].url, timeout=WITHIN_S) as client:
        for key in ("mp-000000000000-wrong", "any", "é" * 40):
            for path, body in (("/v1/chat/completions", {"model": "auto", "messages": ASK}), ("/v1/models", None)):
                for headers in ({"authorization": f"Bearer {key}".encode()}, {"x-api-key": key.encode()}, {}):
                    told = await client.request("POST" if body else "GET", path, json=body, headers=headers)
                    assert told.status_code == 401, (key, path, headers)
                    assert told.json()["error"]["code"] == "invalid_api_key"
                    assert key not in told.text
    assert keyed.asked == []


async def test_a_key_for_asking_administers_nothing_and_the_reverse(keyed: Keyed) -> None:
    chat, admin = await keyed.made(), await keyed.made(scopes=["admin"])
    assert (await keyed.admin("GET", key=chat["key"])).status_code == 403
    assert (await keyed.admin("GET", key=admin["key"])).status_code == 200
    with pytest.raises(openai.PermissionDeniedError) as caught:
        await keyed.ask(admin["key"])
    assert caught.value.code == "insufficient_permissions"


async def test_two_keys_are_good_while_one_is_rotated_and_one_after_it(keyed: Keyed) -> None:
    old = await keyed.made(tenant="shop", requests_per_minute=60_000)
    new = (await keyed.admin("POST", f"/{old['id']}/rotate", json={"overlap_s": 3600})).json()
    assert (new["tenant"], new["requests_per_minute"]) == ("shop", 60_000)
    await keyed.ask(old["key"])
    await keyed.ask(new["key"])
    last = (await keyed.admin("POST", f"/{new['id']}/rotate", json={"overlap_s": 0})).json()
    await refused(keyed, new["key"], 0)
    await keyed.ask(last["key"])
    assert (await keyed.admin("POST", f"/{new['id']}/rotate")).status_code == 404


async def test_a_key_that_is_rotated_lasts_no_longer_than_it_did(keyed: Keyed) -> None:
    ends = "2999-01-01T00:00:00Z"
    old = await keyed.made(expires_at=ends)
    new = (await keyed.admin("POST", f"/{old['id']}/rotate", json={"overlap_s": 3600})).json()
    assert (old["expires_at"], new["expires_at"]) == (ends, ends)
    assert new["old"]["ends_at"] < ends
    last = (await keyed.admin("POST", f"/{new['id']}/rotate", json={"overlap_s": 3600})).json()
    assert last["expires_at"] == ends


async def test_both_keys_of_a_rotation_go_at_the_pace_of_one(keyed: Keyed) -> None:
    keys = [await keyed.made(requests_per_minute=7, tokens_per_minute=1_000)]
    for _ in range(2):
        keys.append((await keyed.admin("POST", f"/{keys[-1]['id']}/rotate")).json())
    asked = (keyed.ask(keys[number % 3]["key"], number % 2, max_tokens=10) for number in range(21))
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(each, openai.RateLimitError) for each in told) == 14
    assert len(keyed.asked) == 7
    with pytest.raises(openai.RateLimitError):
        await keyed.ask(keys[2]["key"], max_tokens=990)


async def test_a_key_is_followed_by_one_other_however_often_it_is_rotated(keyed: Keyed) -> None:
    old = await keyed.made(name="rotated")
    told = await asyncio.gather(*(keyed.admin("POST", f"/{old['id']}/rotate") for _ in range(5)))
    made = [answer.json() for answer in told if answer.status_code == 201]
    assert len(made) == 1
    refusals = [answer for answer in told if answer.status_code != 201]
    assert {(each.status_code, each.json()["error"]["code"]) for each in refusals} == {(409, "key_rotated")}
    assert all(made[0]["prefix"] in each.json()["error"]["message"] for each in refusals)
    named = [key["id"] for key in (await keyed.admin("GET")).json()["keys"] if key["name"] == "rotated"]
    assert sorted(named) == sorted([old["id"], made[0]["id"]])
    assert (await keyed.admin("POST", f"/{made[0]['id']}/rotate")).status_code == 201


async def test_a_revoked_key_opens_no_replica_within_the_stated_time(keyed: Keyed) -> None:
    made, now_s = await keyed.made(), [0.0]
    for replica, app in enumerate(keyed.apps):
        app._gate.clock = lambda: now_s[0]
        await keyed.ask(made["key"], replica)
    assert (await keyed.admin("DELETE", f"/{made['id']}")).json()["revoked_at"]
    now_s[0] = KEPT_S
    for replica in (0, 1):
        with pytest.raises(openai.AuthenticationError, match="invalid_api_key"):
            await keyed.ask(made["key"], replica)


async def refused(keyed: Keyed, key: str, replica: int) -> None:
    """Wait until the key is good no more."""
    while True:
        try:
            await keyed.ask(key, replica)
        except openai.AuthenticationError as error:
            assert error.code == "invalid_api_key"
            return


async def test_requests_a_minute_hold_over_two_replicas(keyed: Keyed) -> None:
    made = await keyed.made(requests_per_minute=7)
    asked = (keyed.ask(made["key"], number % 2) for number in range(20))
    began = time.monotonic()
    told = await asyncio.gather(*asked, return_exceptions=True)
    regained = int((time.monotonic() - began) * 7 / 60)
    turned_away = [each for each in told if isinstance(each, openai.RateLimitError)]
    assert 7 <= len(keyed.asked) <= 7 + regained
    assert len(turned_away) == 20 - len(keyed.asked)
    assert {error.code for error in turned_away} == {"rate_limit_exceeded"}
    assert all(1 <= int(error.response.headers["retry-after"]) <= 9 for error in turned_away)


async def test_tokens_a_minute_are_held_first_and_then_reckoned_as_used(keyed: Keyed) -> None:
    made = await keyed.made(tokens_per_minute=100)
    with pytest.raises(openai.RateLimitError) as caught:
        await keyed.ask(made["key"], max_tokens=200)
    assert caught.value.response.headers["x-should-retry"] == "false"
    for _ in range(3):  # 60 are held, and 12 used
        await keyed.ask(made["key"], max_tokens=54)
    with pytest.raises(openai.RateLimitError):
        await keyed.ask(made["key"], max_tokens=90)


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"name": ""}, "name"),
    ({"name": "x", "scopes": ["root"]}, "scopes[0]"),
    ({"name": "x", "tenant": "a b"}, "tenant"),
    ({"name": "x", "data_classes": ["secret"]}, "data_classes[0]"),
    ({"name": "x", "requests_per_minute": 0}, "requests_per_minute"),
    ({"name": "x", "lane": "simple"}, "lane"),
)


async def test_a_wrong_wish_is_refused_by_name(keyed: Keyed) -> None:
    for wish, named in WRONG:
        answer = await keyed.admin("POST", json=wish)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, named), wish


async def test_text_that_the_database_cannot_hold_breaks_nothing(keyed: Keyed) -> None:
    """PostgreSQL's text has no NUL, and JSON and addresses do."""
    for wish, at in (({"name": "a\x00b"}, "name"), ({"lanes": ["simple", "a\x00b"]}, "lanes[1]")):
        refused = await keyed.admin("POST", json={"name": "a test", **wish})
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, at), refused.text
    assert (await keyed.admin("GET", "?tenant=a%00b")).json() == {"keys": []}
    for method, path in (("DELETE", "/a%00b"), ("POST", "/a%00b/rotate")):
        assert (await keyed.admin(method, path)).json()["error"]["code"] == "key_not_found"


async def test_keys_need_a_database(bus_config: BusConfig) -> None:
    with pytest.raises(NoDatabase, match="DATABASE_URL"):
        build_app(GatewayConfig(port=0, keys=KeysPolicy.REQUIRED), bus_config)
