"""The provider's log as a book: each call with what it billed, by the prices of the portfolio."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from math import ceil

from journeys.faults.books import Call
from schemas.attempt import Usage
from schemas.models import Price
from schemas.portfolio import Portfolio
from tests.simulator.call_log import LoggedCall

BROKEN_OFF = "reset"


def calls_of(logged: Iterable[LoggedCall], portfolio: Portfolio) -> Iterator[Call]:
    """The calls of attempts. A call nobody listened to at its end was worked out and billed all the same.

    One that the provider itself broke off was answered in its way: its worker knows what came of it.
    """
    prices = {each.model: each.price for model in portfolio.models.values() for each in model.endpoints}
    for call in logged:
        if call.attempt_id is not None:
            was_there = call.heard or call.case == BROKEN_OFF
            bill = _bill(call.billed, prices.get(call.model or ""))
            yield Call(call.attempt_id, call.asked_at, was_there, bill)


def _bill(usage: Usage, price: Price | None) -> int:
    """In micro-dollars: a dollar for a million tokens is one for each."""
    if price is None:
        return 0
    read, written = price.input or Decimal(), price.output or Decimal()
    return ceil(usage.input_tokens * read + usage.output_tokens * written)
