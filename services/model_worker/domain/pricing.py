"""What a call cost, in whole micro-dollars, rounded up. One dollar per million tokens is one micro-dollar a token."""

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeGuard

from schemas.attempt import Cost, Usage
from schemas.content import Json
from schemas.money import MICRO
from schemas.portfolio import DEFAULT_TOKENS_PER_S, Price
from schemas.vocabulary import CostKind

SECONDS_AN_HOUR = 3600
# As the router expects it of a small model on CPU cores; whoever pays by the hour should say what they measured.


@dataclass(frozen=True, slots=True)
class Rate:
    """Micro-dollars a token, and the version of the price list that says so."""

    input: Fraction
    cached_input: Fraction
    output: Fraction
    price_list: str


def rate_of(price: Price, revision: str) -> Rate:
    """The rate of a portfolio's price. A price without a day is named after the portfolio's revision.

    An hourly price is spread over the tokens read and written: ``tokens / tokens_per_s / 3600 * usd_per_hour``.
    """
    price_list = price.from_.isoformat() if price.from_ else f"revision-{revision}"
    if price.usd_per_hour is not None:
        tokens_an_hour = Fraction(str(price.tokens_per_s or DEFAULT_TOKENS_PER_S)) * SECONDS_AN_HOUR
        each = Fraction(price.usd_per_hour) * MICRO / tokens_an_hour
        return Rate(each, each, each, price_list)
    read, written = Fraction(price.input or 0), Fraction(price.output or 0)
    cached = read if price.cached_input is None else Fraction(price.cached_input)
    return Rate(read, cached, written, price_list)


def rate_from_list(entry: Json, price_list: str) -> Rate | None:
    """The rate of an entry of LiteLLM's price list, in dollars a token; ``None`` when it has no price per token."""
    read, written = _micro(entry.get("input_cost_per_token")), _micro(entry.get("output_cost_per_token"))
    if read is None or written is None:
        return None
    cached = _micro(entry.get("cache_read_input_token_cost"))
    return Rate(read, read if cached is None else cached, written, price_list)


def _micro(dollars: Any) -> Fraction | None:
    if not isinstance(dollars, int | float) or isinstance(dollars, bool) or dollars < 0:
        return None
    return Fraction(Decimal(str(dollars))) * MICRO


def cost_of(usage: Usage, rate: Rate | None, kind: CostKind = CostKind.KNOWN) -> Cost:
    """The cost of these tokens. Without a rate it is zero by no price list: nobody told the price."""
    if rate is None:
        return Cost(kind=kind)
    cached = min(usage.cached_input_tokens, usage.input_tokens)
    fresh = usage.input_tokens - cached
    exact = fresh * rate.input + cached * rate.cached_input + usage.output_tokens * rate.output
    return Cost(micro_usd=math.ceil(exact), kind=kind, price_list=rate.price_list)


def most_usage(payload: Json, *, most_input_tokens: int, context_tokens: int) -> Usage:
    """The most tokens that a call can have used: all that it was allowed to write, in every choice."""
    allowed = payload.get("max_completion_tokens") or payload.get("max_tokens")
    choices = payload.get("n")
    written = min(allowed, context_tokens) if _counts(allowed) else context_tokens
    return Usage(
        input_tokens=most_input_tokens,
        output_tokens=written * (choices if _counts(choices) else 1),
        estimated=True,
    )


def _counts(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
