"""What a call cost, in whole micro-dollars, rounded up. One dollar per million tokens is one micro-dollar a token."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeGuard

from schemas.asking import answer_bound
from schemas.attempt import Cost, Usage
from schemas.content import Json
from schemas.listed_prices import listed_above, listed_prices
from schemas.models import DEFAULT_TOKENS_PER_S, SECONDS_AN_HOUR, Price
from schemas.money import MICRO
from schemas.vocabulary import CostKind


@dataclass(frozen=True, slots=True)
class Rate:
    """Micro-dollars a token, exactly, as so many ``parts`` of one; and the version of the price list that says so.

    ``is_hourly``: of a server that costs the same whatever it is asked. ``above``: the rates of longer prompts, by the
    tokens above which they hold, the fewest first.
    """

    input: int
    cached_input: int
    cache_write: int
    output: int
    parts: int
    price_list: str
    is_hourly: bool = False
    above: tuple[tuple[int, "Rate"], ...] = ()

    def of_prompt(self, read: int) -> "Rate":
        """The rate of a prompt of so many tokens, and of its answer."""
        return next((rate for tokens, rate in reversed(self.above) if read > tokens), self)


def _exact(read: Fraction, cached: Fraction, kept: Fraction, written: Fraction, price_list: str) -> Rate:
    parts = math.lcm(*(each.denominator for each in (read, cached, kept, written)))
    return Rate(int(read * parts), int(cached * parts), int(kept * parts), int(written * parts), parts, price_list)


def rate_of(price: Price, revision: str) -> Rate:
    """The rate of a portfolio's price. A price without a day is named after the portfolio's revision.

    An hourly price is spread over the tokens read and written: ``tokens / tokens_per_s / 3600 * usd_per_hour``.
    """
    price_list = price.from_.isoformat() if price.from_ else f"revision-{revision}"
    if price.usd_per_hour is not None:
        return _hourly(price.usd_per_hour, price.tokens_per_s or DEFAULT_TOKENS_PER_S, price_list)
    rate = _of_tokens(price, price_list)
    if not price.above:
        return rate
    longer = [(each.tokens, _of_tokens(price.of_prompt(each.tokens + 1), price_list)) for each in price.above]
    return replace(rate, above=tuple(longer))


def _of_tokens(price: Price, price_list: str) -> Rate:
    read, written = price.input or Decimal(0), price.output or Decimal(0)
    cached, kept = (read if each is None else each for each in (price.cached_input, price.cache_write))
    return _by_tokens(read, cached, kept, written, price_list)


@lru_cache(maxsize=1_024)
def _hourly(usd: Decimal, tokens_per_s: float, price_list: str) -> Rate:
    each = Fraction(usd) * MICRO / (Fraction(str(tokens_per_s)) * SECONDS_AN_HOUR)
    return replace(_exact(each, each, each, each, price_list), is_hourly=True)


@lru_cache(maxsize=1_024)
def _by_tokens(read: Decimal, cached: Decimal, kept: Decimal, written: Decimal, price_list: str) -> Rate:
    return _exact(Fraction(read), Fraction(cached), Fraction(kept), Fraction(written), price_list)


def rate_from_list(entry: Json, price_list: str) -> Rate | None:
    """The rate of an entry of LiteLLM's price list, in dollars a token; ``None`` when it has no price per token."""
    told = _micros(listed_prices(entry))
    if entry.get("mode") == "embedding":
        told = {"output": Fraction(0)} | told
    if not {"input", "output"} <= told.keys():
        return None
    longer = [(tokens, _listed(told | _micros(prices), price_list)) for tokens, prices in listed_above(entry).items()]
    return replace(_listed(told, price_list), above=tuple(longer))


def _listed(told: Mapping[str, Fraction], price_list: str) -> Rate:
    read = told["input"]
    return _exact(read, told.get("cached_input", read), told.get("cache_write", read), told["output"], price_list)


def _micros(prices: Json) -> dict[str, Fraction]:
    """Those that are numbers, by name."""
    return {name: micro for name, dollars in prices.items() if (micro := _micro(dollars)) is not None}


def _micro(dollars: Any) -> Fraction | None:
    if not isinstance(dollars, int | float) or isinstance(dollars, bool) or dollars < 0:
        return None
    return Fraction(Decimal(str(dollars))) * MICRO


def cost_of(usage: Usage, rate: Rate | None, kind: CostKind = CostKind.KNOWN) -> Cost:
    """The cost of these tokens. Without a rate it is zero by no price list: nobody told the price.

    Where only a bound is known, all that was not read from the provider's cache may have been written there.
    """
    if rate is None:
        return Cost(kind=kind)
    rate = rate.of_prompt(usage.input_tokens)
    cached = min(usage.cached_input_tokens, usage.input_tokens)
    kept = min(usage.cache_write_tokens, usage.input_tokens - cached)
    fresh = usage.input_tokens - cached - kept
    read = max(rate.input, rate.cache_write) if kind is CostKind.BOUNDED else rate.input
    parts = fresh * read + cached * rate.cached_input + kept * rate.cache_write + usage.output_tokens * rate.output
    return Cost(micro_usd=-(-parts // rate.parts), kind=kind, price_list=rate.price_list)


def most_usage(payload: Json, *, most_input_tokens: int, most_output_tokens: int) -> Usage:
    """The most tokens that a call can have used: all that it was allowed to write, in every choice."""
    allowed = answer_bound(payload)
    choices = payload.get("n")
    written = most_output_tokens if allowed is None else min(allowed, most_output_tokens)
    return Usage(
        input_tokens=most_input_tokens,
        output_tokens=written * (choices if _counts(choices) else 1),
        estimated=True,
    )


def _counts(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
