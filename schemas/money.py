"""Money is whole micro-dollars inside, and a decimal string of dollars at the edges; never a float."""

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

MicroUsd = Annotated[int, Field(ge=0)]
MICRO = 1_000_000
MOST_USD = Decimal(10**12)
"""More dollars than these are as good as no limit, and no integer of a database holds many more."""

DOLLARS = r"^\d+(\.\d{1,6})?$"


def _dollars(told: Any) -> Any:
    if told is None or (isinstance(told, str) and re.fullmatch(DOLLARS, told)):
        return told
    raise ValueError('a string of dollars is wanted, such as "0.05", with at most six digits after the point')


DollarText = Annotated[Annotated[str, Field(pattern=DOLLARS)] | None, BeforeValidator(_dollars)]
"""Dollars as a client tells them: a number of JSON would be a float to many readers."""


def micro_from_usd(usd: Decimal | str) -> int:
    """Dollars to whole micro-dollars, halves rounded up; at most those of :data:`MOST_USD`, whoever writes more."""
    return int((min(Decimal(usd), MOST_USD) * MICRO).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def usd_from_micro(micro: int) -> str:
    """Micro-dollars to a plain decimal string of dollars: 1500 is ``"0.0015"``."""
    text = f"{Decimal(micro) / MICRO:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
