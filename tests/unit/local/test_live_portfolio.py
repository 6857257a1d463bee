"""The demo's portfolio with a hosted model: whoever needs a key may spend ten cents, and no more."""

from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

from infra.local.demo import LIVE_PORTFOLIO, demo
from infra.local.documents import read_portfolio
from services.console.domain.failures import Refused

ROOT = Path(__file__).parents[3]


def test_each_hosted_provider_has_the_cap() -> None:
    portfolio = read_portfolio(ROOT / LIVE_PORTFOLIO)
    caps = [provider.spend_cap_usd for provider in portfolio.providers.values() if provider.api_key_env]
    assert caps == [Decimal("0.10")]


async def test_without_a_key_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(Refused, match="set OPENAI_API_KEY"):
        await demo(Console(quiet=True), live=True)
