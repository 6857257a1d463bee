"""Portfolio documents for the console's tests: one that is whole, and ways to change it."""

from datetime import date
from typing import Any

from schemas.portfolio import Portfolio
from services.console.domain.prudence import advice

TODAY = date(2026, 5, 4)

WHOLE = """\
defaults: {data_class: confidential, lane: simple}
residency:
  confidential: [eu, on-premises]
  restricted: [on-premises]
tasks:
  faq: {describe: short questions}
  loans: {describe: decisions, risk: high}
providers:
  local: {adapter: openai_compatible, base_url: "${LOCAL_MODEL_URL}", region: on-premises}
  azure: {adapter: litellm, vendor: openai, region: eu, api_key_env: AZURE_API_KEY}
models:
  small:
    kind: open_source
    owner: platform
    context_tokens: 4096
    endpoints: [{provider: local, model: s, price: {usd_per_hour: "0.05", tokens_per_s: 100}}]
  large:
    kind: api
    owner: platform
    context_tokens: 128000
    endpoints: [{provider: azure, model: l, price: {input: "2.5", output: "10", from: 2026-01-01}}]
lanes:
  simple: {tasks: [faq], tiers: [[small], [large]]}
  critical:
    tasks: [loans]
    tiers: [[small], [large]]
    checks: [format, agreement]
    on_fail: {agreement: up}
    priority: 1
"""


def document() -> dict[str, Any]:
    """The same, as plain data that a test may change."""
    return {
        "defaults": {"data_class": "confidential", "lane": "simple"},
        "residency": {"confidential": ["eu", "on-premises"], "restricted": ["on-premises"]},
        "tasks": {"faq": {"describe": "short questions"}, "loans": {"describe": "decisions", "risk": "high"}},
        "providers": {
            "local": {"adapter": "openai_compatible", "base_url": "http://localhost", "region": "on-premises"},
            "azure": {"adapter": "litellm", "vendor": "openai", "region": "eu"},
        },
        "models": {
            "small": model("local", {"usd_per_hour": "0.05", "tokens_per_s": 100}),
            "large": model("azure", {"input": "2.5", "output": "10"}),
        },
        "lanes": {
            "simple": {"tasks": ["faq"], "tiers": [["small"], ["large"]]},
            "critical": {"tasks": ["loans"], "tiers": [["small"], ["large"]], "priority": 1},
        },
    }


def model(provider: str, price: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A model with one endpoint."""
    endpoint = {"provider": provider, "model": "m", **({"price": price} if price else {})}
    return {"kind": "api", "owner": "me", "context_tokens": 4096, "endpoints": [endpoint], **more}


def portfolio(**changes: Any) -> Portfolio:
    """The whole one, with parts replaced."""
    return Portfolio.of({**document(), **changes})


def told(found: Portfolio) -> list[str]:
    """All advice on a portfolio, each with its place."""
    return [f"{'.'.join(map(str, each.path))}: {each.says}" for each in advice(found, TODAY)]


def lanes(**changes: Any) -> dict[str, Any]:
    """The document's lanes, ``critical`` changed."""
    found = document()["lanes"]
    return {**found, "critical": {**found["critical"], **changes}}
