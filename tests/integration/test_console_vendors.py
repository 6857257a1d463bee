"""The vendors that ``portfolio init`` knows, against the price list that is installed."""

from datetime import date
from itertools import combinations

from infra.price_list import read_prices
from schemas.portfolio import Portfolio
from services.console.domain.local_models import LocalModel, LocalServer
from services.console.domain.portfolio_file import read
from services.console.domain.prudence import advice
from services.console.domain.starter import Found, starter
from services.console.domain.vendors import KEYS, VENDORS, vendors_with_keys

TODAY = date(2026, 5, 1)
PRICES = read_prices()
OLLAMA = LocalServer("ollama", "http://127.0.0.1:11434", (LocalModel("llama3.2", 4_096, ("chat", "json"), 2),))


def found(keys: tuple[str, ...] = (), *servers: LocalServer) -> Found:
    return Found(servers, vendors_with_keys(keys, PRICES.entry, TODAY), PRICES.version, TODAY)


def portfolio(of: Found) -> Portfolio:
    reading = read(starter(of))
    assert reading.portfolio is not None, reading.findings
    return reading.portfolio


def test_every_vendors_models_are_in_the_price_list_and_not_withdrawn() -> None:
    hosted = found(KEYS).vendors
    models = [model for each in hosted for model in (each.small, each.strong) if model]

    assert len(hosted) == len(VENDORS)
    assert not [model.model for model in models if model.input is None or model.output is None]


def test_any_two_vendors_with_and_without_a_server_give_no_advice_but_on_residency() -> None:
    choices = [(), *((key,) for key in KEYS), *combinations(KEYS, 2)]
    cases = [found(keys, *servers) for keys in choices for servers in ((), (OLLAMA,))]
    unwise = {each.says for case in cases if case.usable for each in advice(portfolio(case), TODAY)}

    assert {says.partition(":")[0] for says in unwise} == {"no provider is in on-premises"}
