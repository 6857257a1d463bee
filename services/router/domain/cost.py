"""What an attempt is expected to cost."""

from schemas.asking import USUAL_ANSWER_TOKENS
from schemas.models import Price
from schemas.request import Request

USUAL_PROMPT_TOKENS = 512
UNKNOWN_MICRO_USD = 10_000_000
"""A path without a price in the portfolio is tried last among its tier: its price list is known to the worker only."""


def expected_micro_usd(price: Price | None, request: Request, most_output_tokens: int | None = None) -> int:
    """Micro-dollars for this request's prompt and an answer of usual length, rounded up; vectors cost their texts.

    Where an answer was cut off, and is asked for again at greater length, all that it may have is expected.
    """
    written = 0 if request.wants_vectors else most_output_tokens or USUAL_ANSWER_TOKENS
    return _micro_usd(price, request.profile.features.estimated_tokens, written)


def usual_micro_usd(price: Price | None) -> int:
    """Micro-dollars for a request of usual length."""
    return _micro_usd(price, USUAL_PROMPT_TOKENS, USUAL_ANSWER_TOKENS)


def _micro_usd(price: Price | None, prompt: int, written: int) -> int:
    return UNKNOWN_MICRO_USD if price is None else price.micro_usd(prompt, written)
