"""The console's pages over a real Kafka, and somebody who visits them without a browser."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from browsers import HOLDERS, csrf_of, keys_of
from pydantic import SecretStr

from infra.bus.config import BusConfig
from schemas.standing import BreakerChanged
from schemas.topics import names_to_create
from schemas.vocabulary import BreakerState
from services.console.app import ConsoleApp, build_app
from services.console.commands.desk import ConsolePages, build_pages
from services.console.config import ConsoleConfig, PagesConfig
from services.console.domain.portfolio_file import read
from services.console.domain.revisions import Signature, applied

SIGNED = Signature("tester", datetime(2026, 5, 4, tzinfo=UTC), "the first one")
PORTFOLIO = """\
defaults: {data_class: internal, lane: simple}
providers:
  local: {adapter: openai_compatible, base_url: "http://127.0.0.1:1", region: on-premises}
  acme: {adapter: litellm, region: eu}
models:
  small:
    {kind: api, owner: me, context_tokens: 99, endpoints: [{provider: local, model: s, price: {input: 1, output: 2}}]}
  large:
    {kind: api, owner: me, context_tokens: 99, endpoints: [{provider: acme, model: l, price: {input: 2, output: 8}}]}
tenants:
  default: {budget_usd_per_day: "0.01", budget_usd_per_month: "0.02"}
  shop: {budget_usd_per_month: "100"}
lanes:
  simple:
    budget_usd: "0.001"
    tiers: [[small], [large]]
    bar: {success: 0.99, p95_ms: 2300, usd_per_1k_tokens: "0.01", compliance_risk: 15}
"""


async def put_in_force(bus: BusConfig) -> None:
    console = build_app(ConsoleConfig(kafka=bus.kafka_bootstrap_servers), bus)
    portfolio = read(PORTFOLIO).portfolio
    assert portfolio is not None
    await console.create_topics(names_to_create(portfolio.providers))
    past = await console.history()
    tripped = BreakerChanged(
        model="large", provider="acme", state=BreakerState.OPEN, reason="8 of 10 calls failed", at=SIGNED.at, by="w1"
    )
    await console.say([*applied(past, portfolio, past.in_force, SIGNED), tripped])


@asynccontextmanager
async def pages_over(bus: BusConfig, pages: dict[str, Any] | None = None, **told: Any) -> AsyncIterator[ConsolePages]:
    """The pages, until the block ends; ``told`` are other settings of the console."""
    nobody = "http://127.0.0.1:1"  # at the usual address somebody may have a ledger of their own
    config = ConsoleConfig(kafka=bus.kafka_bootstrap_servers, **{"jaeger": nobody, "ledger": nobody, **told})
    wanted = PagesConfig(port=0, keys=SecretStr(keys_of(HOLDERS)), **(pages or {}))
    console = build_pages(build_app(config, bus), wanted)
    await console.start()
    try:
        yield console
    finally:
        await console.stop()


@pytest.fixture
def app(bus_config: BusConfig) -> ConsoleApp:
    return build_app(ConsoleConfig(kafka=bus_config.kafka_bootstrap_servers), bus_config)


@pytest.fixture
async def console(bus_config: BusConfig) -> AsyncIterator[ConsolePages]:
    await put_in_force(bus_config)
    async with pages_over(bus_config) as pages:
        yield pages


@dataclass
class Visitor:
    """Somebody who has signed in. Every form that is sent carries the session's token."""

    client: httpx.AsyncClient
    csrf: str

    async def see(self, path: str) -> httpx.Response:
        return await self.client.get(path)

    async def send(self, path: str, /, **fields: str) -> httpx.Response:
        return await self.client.post(path, content=urlencode({**fields, "csrf": self.csrf}))


@asynccontextmanager
async def visiting(url: str, name: str) -> AsyncIterator[Visitor]:
    """Sign in with the key of this holder."""
    async with httpx.AsyncClient(timeout=30, base_url=url, follow_redirects=True, trust_env=False) as client:
        visitor = Visitor(client, csrf_of((await client.get("/sign-in")).text))
        page = await visitor.send("/sign-in", key=name, next="/portfolio")
        assert page.status_code == 200, page.text
        visitor.csrf = csrf_of(page.text)
        yield visitor
