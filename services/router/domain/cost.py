"""What an attempt is expected to cost."""

from decimal import Decimal
from math import ceil

from schemas.models import DEFAULT_TOKENS_PER_S, Price
from schemas.request import Request

EXPECTED_OUTPUT_TOKENS = 256
USUAL_PROMPT_TOKENS = 512
UNKNOWN_MICRO_USD = 10_000_000
"""A path without a price in the portfolio is tried last among its tier: its price list is known to the worker only."""

SECONDS_AN_HOUR = 3_600


def expected_micro_usd(price: Price | None, request: Request) -> int:
    """Micro-dollars for this request's prompt and an answer of usual length, rounded up; vectors cost their texts.

    A price in dollars per million tokens is micro-dollars per token.
    """
    written = 0 if request.wants_vectors else EXPECTED_OUTPUT_TOKENS
    return _micro_usd(price, request.profile.features.estimated_tokens, written)


def usual_micro_usd(price: Price | None) -> int:
    """Micro-dollars for a request of usual length."""
    return _micro_usd(price, USUAL_PROMPT_TOKENS, EXPECTED_OUTPUT_TOKENS)


def _micro_usd(price: Price | None, prompt: int, written: int) -> int:
    if price is None:
        return UNKNOWN_MICRO_USD
    if price.usd_per_hour is not None:
        seconds = Decimal(prompt + written) / Decimal(str(price.tokens_per_s or DEFAULT_TOKENS_PER_S))
        return ceil(price.usd_per_hour * 1_000_000 * seconds / SECONDS_AN_HOUR)
    return ceil((price.input or 0) * prompt + (price.output or 0) * written)
