"""The console's pages in a browser, over a real ledger, a real Kafka and a real PostgreSQL."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from axe_playwright_python.async_playwright import Axe
from browsers import CHROMIUM, FLAGS, csrf_of, skip_without_chromium
from console_at_work import pages_over, put_in_force
from gateway_at_work import gateway
from ledger_at_work import Api, api, escalated_once
from playwright.async_api import Browser, Page, async_playwright
from pydantic import SecretStr
from unit.ledger.ledger_story import PROMPT, TRACE, Log, Story

from infra.bus.config import BusConfig
from infra.bus.dead_letter import ORIGIN
from infra.metrics.config import HealthConfig
from infra.metrics.health import Health
from infra.metrics.server import HealthServer
from infra.store.config import StoreConfig
from infra.telemetry.config import TelemetryConfig
from schemas.attempt import CheckResult
from schemas.content import body_of
from schemas.review import ReviewRequested
from schemas.standing import BreakerChanged
from schemas.vocabulary import Reason, Verdict
from services.console.adapters.gateway_keys import GatewayKeys
from services.console.app import build_app
from services.console.commands.desk import ConsolePages
from services.console.config import ConsoleConfig
from services.gateway.config import KeysPolicy
from services.ledger.app import build_app as build_ledger
from services.ledger.config import LedgerConfig
from services.router.app import build_app as build_router

__all__ = ["api"]
SECRET = "what the client wrote"
FIRST = "the-first-key-of-all-the-tests"
PAGES = (
    "/",
    "/?tenant=default",
    "/tenants?tenant=default",
    "/requests",
    "/portfolio",
    "/reviews",
    "/dead-letters",
    "/health",
    "/portfolio/document",
    "/keys",
    "/budgets",
    "/record",
)
BESIDE = ("/no-such-page", "/sign-in")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@dataclass
class Site:
    """The pages, and what they tell of."""

    console: ConsolePages
    bus: BusConfig
    escalated: Story
    failed: Story
    reviewed: Story

    async def breakers(self) -> list[BreakerChanged]:
        """As Kafka holds them."""
        return await build_app(ConsoleConfig(kafka=self.bus.kafka_bootstrap_servers), self.bus).breakers()

    @property
    def url(self) -> str:
        return self.console.url


def told_of(name: str, age: timedelta, **more: Any) -> Story:
    return Story(name, admitted_at=datetime.now(UTC) - age, **more)


async def fill(api: Api) -> tuple[Story, Story]:
    """Two weeks of requests, one of which failed."""
    for nth in range(40):
        await api.hear(escalated_once(told_of(f"past {nth}", timedelta(hours=8 * nth + 5))).heard)
    failed = told_of("failed", timedelta(hours=2))
    log = Log(now=failed.admitted_at)
    for event in (failed.profiled(), failed.dispatched(), failed.failed(1, Reason.TIMEOUT), failed.ended_badly()):
        log.say(event)
    escalated = told_of("escalated", timedelta(hours=1))
    await api.hear([*log.heard, *escalated_once(escalated).heard])
    return escalated, failed


async def put_aside(bus: BusConfig) -> None:
    """One record that the profiler could not read."""
    told = ("not_json", "it is no <b>JSON</b>", bus.physical("request.submitted"), "0", "7", "1700000000000")
    headers = [(f"dl_{name}", value.encode()) for name, value in zip(ORIGIN, told, strict=True)]
    producer = AIOKafkaProducer(**bus.connection())
    await producer.start()
    await producer.send_and_wait(bus.physical("dead-letters.profiler"), SECRET.encode(), headers=headers)
    await producer.stop()


async def ask_a_person(bus: BusConfig) -> Story:
    """What escalation says when no model is left."""
    story = told_of("reviewed", timedelta(minutes=1))
    asked = ReviewRequested(
        request=story.request,
        body=body_of(json.dumps({"messages": [{"role": "user", "content": PROMPT}]}).encode()),
        answer=body_of(json.dumps({"message": {"role": "assistant", "content": "<i>nothing</i>"}}).encode()),
        checks=(CheckResult(name="schema", verdict=Verdict.FAIL), CheckResult(name="format", verdict=Verdict.PASS)),
        reason=Reason.TIERS_SPENT,
        due_at=datetime.now(UTC) + timedelta(hours=1),
        asked="clerks",
        detail="no tier is left",
    )
    await build_app(ConsoleConfig(kafka=bus.kafka_bootstrap_servers), bus).say([asked])
    return story


async def until_scored(ledger: str) -> None:
    """The ledger works out scores by itself, soon after it started."""
    async with httpx.AsyncClient(base_url=ledger) as client, asyncio.timeout(30):
        while not (await client.get("/scores")).raise_for_status().json()["scores"]:
            pass


@asynccontextmanager
async def health_port(bus: BusConfig, *others: Health) -> AsyncIterator[str]:
    """Where a router of its own, and others, say how they are."""
    router = build_router(bus, TelemetryConfig(otel_exporter_otlp_endpoint=None))
    await router.start()
    router.health.started()
    server = HealthServer(HealthConfig(port=0), [*others, router.health])
    await server.start()
    yield server.url
    await server.stop()
    await router.stop()


@pytest.fixture
async def site(api: Api, bus_config: BusConfig, store_config: StoreConfig) -> AsyncIterator[Site]:
    escalated, failed = await fill(api)
    await put_in_force(bus_config)
    await put_aside(bus_config)
    unheard = TelemetryConfig(otel_exporter_otlp_endpoint=None)
    ledger = build_ledger(LedgerConfig(port=0), bus_config, store_config, unheard)
    await ledger.start()
    ledger.health.started()
    await until_scored(ledger.url)
    reviewed = await ask_a_person(bus_config)
    keyed: dict[str, Any] = {"keys": KeysPolicy.REQUIRED, "admin_key": FIRST, "store": store_config}
    async with (
        health_port(bus_config, ledger.health) as port,
        gateway(bus_config, **keyed) as door,
        pages_over(bus_config, _pages(port), ledger=ledger.url, gateway=door.url, api_key=SecretStr(FIRST)) as console,
    ):
        await GatewayKeys(door.url, FIRST, 10).create({"name": "the web shop", "tenant": "shop"})
        yield Site(console, bus_config, escalated, failed, reviewed)
    await ledger.stop()


def _pages(port: str) -> dict[str, str]:
    return {"jaeger_pages": "http://127.0.0.1:1", "health_urls": f"{port},http://127.0.0.1:1"}


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    skip_without_chromium()
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield started
        await started.close()


async def signed_in(browser: Browser, site: Site, name: str, **context: Any) -> Page:
    page = await (await browser.new_context(base_url=site.url, **context)).new_page()
    await page.goto("/requests")
    await page.get_by_label("Your key").fill(name)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("heading", name="Requests", level=1).wait_for()
    return page


async def test_an_operator_finds_why_a_request_escalated_and_steers(site: Site, browser: Browser) -> None:
    page = await signed_in(browser, site, "olga")
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    await page.get_by_label("Reason").fill("check_failed")
    await page.get_by_role("button", name="Search").click()
    await page.get_by_role("link", name=str(site.escalated.request_id)[:8]).click()
    story = page.locator("ol.story")
    assert "escalated: up, because check_failed" in await story.inner_text()
    assert "schema at /properties/total" in await story.inner_text()
    assert await page.get_by_role("link", name=f"Trace {TRACE} in Jaeger").is_visible()
    assert "Jaeger" in await page.locator("main").inner_text()

    await page.get_by_role("link", name="Overview").click()
    told = await page.locator("main").inner_text()
    assert "Over the bar" in told
    assert "cost per success" in told
    await page.wait_for_function("() => document.querySelector('.chart img').naturalWidth > 0")
    await page.get_by_role("link", name="By tenant").click()
    await page.get_by_role("link", name="default").click()
    lanes = await page.get_by_role("region", name="Lanes of default").inner_text()
    assert "check_failed: " in lanes
    assert "2: 100.0%" in lanes, "the second tier answered"
    await page.get_by_role("link", name="Its overview").click()
    await page.get_by_role("heading", name="The last seven days of tenant default").wait_for()
    thresholds = await page.get_by_role("region", name="Thresholds of lane simple").inner_text()
    assert "compliance risk\tat most 15 %\t0.0 %\tkept" in thresholds
    await page.wait_for_function("() => document.querySelector('.chart img').naturalWidth > 0")
    await page.get_by_label("Only the tenant").fill("nobody")
    await page.get_by_role("button", name="Show").click()
    assert "No requests in these days." in await page.locator("main").inner_text()

    await page.get_by_role("link", name="Health").click()
    assert "large@acme is open" in await page.get_by_role("region", name="Providers").inner_text()
    await page.get_by_role("link", name="Health").click()
    assert "since somebody looked before" in await page.locator("main").inner_text()

    await page.get_by_role("link", name="Portfolio").first.click()
    scores = page.locator("#scores")
    assert "large@acme\t100.0%" in await scores.inner_text()
    await scores.scroll_into_view_if_needed()
    await page.wait_for_function("() => document.querySelector('#scores img').naturalWidth > 0")
    assert str(site.escalated.request_id)[:8] in await page.get_by_role("region", name="Plans").inner_text()
    await page.get_by_role("button", name="Close the breaker of large@acme").click()
    await page.get_by_role("button", name="Close it").click()
    await page.get_by_role("heading", name="Breakers").wait_for()
    assert [each.state for each in await site.breakers()] == ["closed"]
    assert refused == [], "the pages keep to their own content security policy"


async def test_no_page_has_a_serious_fault_and_each_fits_a_phone(site: Site, browser: Browser) -> None:
    shots = os.environ.get("SCREENSHOTS")
    ones = {
        f"/requests/{site.escalated.request_id}": "request",
        f"/reviews/{site.reviewed.request_id}": "review",
    }
    for width, pictured in zip((1280, 360), SCHEMES, strict=True):
        page = await signed_in(browser, site, "ada", viewport={"width": width, "height": 800}, reduced_motion="reduce")
        for path in (*PAGES, *ones, *BESIDE):
            await page.goto(path)
            await is_well_made(page, path)
            if shots and path not in BESIDE:
                await page.emulate_media(color_scheme=pictured)
                name = ones.get(path) or _named(path)
                await page.screenshot(path=Path(shots) / f"{name}-{'wide' if width > 600 else 'narrow'}.png")
        await page.goto(f"/requests/{site.escalated.request_id}")
        await page.get_by_role("button", name="Show the prompt and the answer").click()
        await page.get_by_role("heading", name="What was asked").wait_for()
        await is_well_made(page, "content")
        await page.goto("/portfolio")
        await page.get_by_role("button", name="Close the breaker of large@acme").click()
        await page.get_by_role("button", name="Close it").wait_for()
        await is_well_made(page, "what is asked before it is done")
        await page.context.close()


async def is_well_made(page: Page, path: str) -> None:
    """In both colour schemes Axe finds no serious fault, and nothing is wider than the window."""
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        results = await Axe().run(page)
        serious = [each for each in results.response["violations"] if each["impact"] in ("serious", "critical")]
        assert not serious, (path, scheme, page.viewport_size, serious)
        wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not wide, (path, scheme, page.viewport_size)


def _named(path: str) -> str:
    """Of a picture."""
    page, _, _ = path.replace("/?", "overview-tenant?").partition("?")
    return page.strip("/").replace("/", "-") or "overview"


async def test_a_viewer_sees_and_may_not_steer(site: Site) -> None:
    async with httpx.AsyncClient(timeout=30, base_url=site.url, follow_redirects=True) as client:
        csrf = csrf_of((await client.get("/sign-in")).text)
        page = await client.post("/sign-in", content=urlencode({"key": "ann", "csrf": csrf, "next": "/portfolio"}))
        assert (page.status_code, page.url.path) == (200, "/portfolio")
        assert "an operator may close it" in page.text
        csrf = csrf_of(page.text)
        review = f"/reviews/{site.reviewed.request_id}"
        for path in ("/breakers/reset", review, "/dead-letters/replay", "/dead-letters/drop"):
            refused = await client.post(path, content=urlencode({"path": "large@acme", "csrf": csrf}))
            assert (refused.status_code, "needs the role operator" in refused.text) == (403, True), path
        told = [(await client.get(path)).text for path in ("/reviews", "/dead-letters", review)]
        assert ["needs the role operator" in each for each in told] == [False, False, True]
        assert not [each for each in told if PROMPT in each or 'type="checkbox"' in each]
        out = await client.post("/sign-out", content=urlencode({"csrf": csrf_of(page.text)}))
        assert out.url.path == "/sign-in"
        assert (await client.get("/")).url.path == "/sign-in"


async def test_strangers_and_forged_forms_are_refused(site: Site) -> None:
    async with httpx.AsyncClient(timeout=30, base_url=site.url) as client:
        ones = (f"/requests/{site.failed.request_id}", f"/reviews/{site.reviewed.request_id}")
        for path in (*PAGES, *ones, "/charts/cost.svg"):
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in"), path
        assert (await client.post("/sign-in", content="key=olga&csrf=guessed")).status_code == 403
        page = await client.get("/sign-in?next=//elsewhere.example")
        assert 'name="next" value="/"' in page.text
        wrong = await client.post("/sign-in", content=urlencode({"key": "nobody", "csrf": csrf_of(page.text)}))
        assert (wrong.status_code, "No such key." in wrong.text) == (403, True)
        policy = page.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert (await client.get("/ready")).json() == {"status": "ready"}


async def test_nonsense_is_told_and_breaks_nothing(site: Site) -> None:
    async with httpx.AsyncClient(timeout=30, base_url=site.url, follow_redirects=True) as client:
        csrf = csrf_of((await client.get("/sign-in")).text)
        await client.post("/sign-in", content=urlencode({"key": "olga", "csrf": csrf}))
        for path, status, says in (
            ("/?tenant=%3Cscript%3E", 200, "of tenant &lt;script&gt;"),
            ("/requests?tier=top", 422, "tier: a whole number from 1"),
            ("/requests?cursor=nonsense", 422, "cursor"),
            ("/requests?id=nonsense", 422, "no request id"),
            ("/requests/00000000-0000-0000-0000-000000000000", 404, "has not heard"),
            ("/requests?lane=%3Cscript%3E", 200, "No request is like this"),
            ("/nowhere", 404, "Not Found"),
            ("/portfolio?revision=none", 200, "In force"),
            ("/dead-letters", 200, "it is no &lt;b&gt;JSON&lt;/b&gt;"),
            ("/dead-letters?since=yesterday", 422, "neither a time such as"),
            ("/dead-letters?service=nobody", 422, "is no service"),
            ("/reviews/nonsense", 422, "no request id"),
            (f"/reviews/{site.failed.request_id}", 409, "no person was asked"),
            (f"/reviews/{site.reviewed.request_id}", 200, "&lt;i&gt;nothing&lt;/i&gt;"),
            ("/health", 200, "It does not answer (ConnectError)"),
        ):
            page = await client.get(path)
            assert (page.status_code, says in page.text) == (status, True), (path, page.text)
            assert "<script>" not in page.text
            assert SECRET not in page.text
