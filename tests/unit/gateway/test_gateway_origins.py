"""Pages of other origins call the gateway from a browser: those that are set, and read answers, streams and errors."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from browsers import CHROMIUM, FLAGS, skip_without_chromium
from playwright.async_api import Page, async_playwright
from pydantic import ValidationError
from starlette.responses import HTMLResponse

from infra.http_server import HttpServer
from schemas.outcome import RequestFailed
from services.gateway.config import GatewayConfig
from services.gateway.domain.origins import EXPOSED, origins_in

Gateway = Callable[..., Any]
SHOP, OTHER = "https://shop.example", "https://other.example:8443"
CHATS = "/v1/chat/completions"
BODY: Any = {"messages": [{"role": "user", "content": "Where is the Louvre?"}]}
ALLOWED = "access-control-allow-origin"
FETCH = """async ([url, body]) => {
    const answer = await fetch(url, {method: "POST", body: JSON.stringify(body),
        headers: {"content-type": "application/json", "authorization": "Bearer any", "idempotency-key": "k"}});
    const told = {status: answer.status, type: answer.headers.get("content-type"), text: ""};
    for (const name of ["x-portfolio-status", "x-request-id", "x-should-retry", "retry-after"])
        told[name] = answer.headers.get(name);
    const reader = answer.body.getReader(), decoder = new TextDecoder();
    for (let part; !(part = await reader.read()).done;) told.text += decoder.decode(part.value, {stream: true});
    return told;
}"""


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ("", ()),
        (" , ", ()),
        ("*", ("*",)),
        (f"{SHOP}, HTTPS://Other.example:8443", (SHOP, OTHER)),
        ("http://[::1]", ("http://[::1]",)),
    ],
)
def test_origins_are_read_as_browsers_tell_them(told: str, found: tuple[str, ...]) -> None:
    assert origins_in(told) == found


@pytest.mark.parametrize("told", ["shop.example", f"{SHOP}/", f"{SHOP}/path", "https://*.example", f"*,{SHOP}", "null"])
def test_what_is_no_origin_is_told_at_the_start(told: str) -> None:
    with pytest.raises(ValidationError, match="cors_origins"):
        GatewayConfig(cors_origins=told)


async def test_nobody_is_told_of_origins_where_none_is_set(gateway: Gateway) -> None:
    async with gateway() as running, httpx.AsyncClient(base_url=running.url, headers={"origin": SHOP}) as client:
        for answer in (await client.get("/v1/models"), await client.options(CHATS, headers=_wants("POST"))):
            assert not [name for name in answer.headers if name.startswith("access-control")]
            assert "vary" not in answer.headers


async def test_a_set_origin_may_ask_and_read_and_another_may_not(gateway: Gateway) -> None:
    async with gateway(cors_origins=f"{SHOP},{OTHER}") as running, httpx.AsyncClient(base_url=running.url) as client:
        for origin in (SHOP, OTHER):
            asked = await client.options(CHATS, headers={"origin": origin, **_wants("POST", "authorization,x-own")})
            assert (asked.status_code, asked.headers[ALLOWED]) == (200, origin)
            assert asked.headers["access-control-allow-headers"] == "authorization,x-own"
            assert "access-control-allow-credentials" not in asked.headers
            answer = await client.post(CHATS, json=BODY, headers={"origin": origin})
            assert (answer.status_code, answer.headers[ALLOWED], answer.headers["vary"]) == (200, origin, "Origin")
            assert answer.headers["access-control-expose-headers"] == ", ".join(EXPOSED)
            told = {name for name in answer.headers if name.startswith("x-")}
            assert told <= set(EXPOSED), "what is not named no page can read"
        strange = {"origin": "https://strange.example"}
        assert (await client.options(CHATS, headers={**strange, **_wants("POST")})).status_code == 400
        assert ALLOWED not in (await client.get("/v1/models", headers=strange)).headers


async def test_any_origin_may_where_all_are_set(gateway: Gateway) -> None:
    async with gateway(cors_origins="*") as running, httpx.AsyncClient(base_url=running.url) as client:
        answer = await client.get("/v1/models", headers={"origin": "https://strange.example"})
        assert answer.headers[ALLOWED] == "*"
        assert "access-control-allow-credentials" not in answer.headers


async def test_errors_can_be_read_whichever_part_answers(
    gateway: Gateway, make_failed: Callable[..., RequestFailed], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"cors_origins": SHOP, "max_body_bytes": 500, "max_inline_bytes": 500}
    turned_away = {"reason": "rate_limited", "retry_at": "2026-03-01T12:00:00Z"}
    async with (
        gateway(lambda asked: make_failed(asked.request_id, **turned_away), **settings) as running,
        httpx.AsyncClient(base_url=running.url, headers={"origin": SHOP}) as client,
    ):
        large = {"messages": [{"role": "user", "content": "x" * 600}]}
        answers = [
            await client.post(CHATS, json={"messages": "none"}),
            await client.get("/v1/nowhere"),
            await client.post(CHATS, json=large),
            await client.post(CHATS, json=BODY),
        ]
        monkeypatch.setattr("services.gateway.routes.http_app.model_list", lambda revised: 1 / 0)
        answers.append(await client.get("/v1/models"))
        assert [answer.status_code for answer in answers] == [400, 404, 413, 429, 500]
        assert {answer.headers[ALLOWED] for answer in answers} == {SHOP}
    async with gateway(applied=None, **settings) as unready, httpx.AsyncClient(base_url=unready.url) as client:
        answer = await client.post(CHATS, json=BODY, headers={"origin": SHOP})
        assert (answer.status_code, answer.headers[ALLOWED]) == (503, SHOP)


async def test_a_page_of_another_origin_reads_an_answer_a_stream_and_an_error(gateway: Gateway) -> None:
    async with _page() as (page, origin), gateway(cors_origins=origin, remembering=True) as running:
        url = f"{running.url}{CHATS}"
        told = await page.evaluate(FETCH, [url, BODY])
        assert (told["status"], told["x-portfolio-status"]) == (200, "verified")
        assert told["x-request-id"]
        assert json.loads(told["text"])["choices"][0]["message"]["content"] == "Paris."
        streamed = await page.evaluate(FETCH, [url, {**BODY, "stream": True}])
        assert streamed["type"].startswith("text/event-stream")
        assert streamed["text"].rstrip().endswith("data: [DONE]")
        wrong = await page.evaluate(FETCH, [url, {"messages": []}])
        assert (wrong["status"], wrong["x-should-retry"]) == (400, "false")
        assert json.loads(wrong["text"])["error"]["param"] == "messages"


async def test_a_browser_keeps_the_answer_from_a_page_that_is_not_set(gateway: Gateway) -> None:
    async with _page() as (page, _), gateway(cors_origins=SHOP) as running:
        told = await page.evaluate(
            f"args => ({FETCH})(args).catch(error => error.name)", [f"{running.url}{CHATS}", BODY]
        )
        assert (told, running.kafka.published) == ("TypeError", [])


@asynccontextmanager
async def _page() -> AsyncIterator[tuple[Page, str]]:
    """A page in Chromium, and its origin."""
    skip_without_chromium()
    shop = HttpServer(HTMLResponse("<title>A shop</title>"), "127.0.0.1", 0, prefix="SHOP", grace_s=1)
    await shop.start()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        page = await browser.new_page()
        await page.goto(shop.url)
        yield page, shop.url
        await browser.close()
    await shop.stop()


def _wants(method: str, headers: str = "content-type") -> dict[str, str]:
    return {"access-control-request-method": method, "access-control-request-headers": headers}
