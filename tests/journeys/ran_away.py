"""Asking the small real model again: once in a hundred answers it does not stop by itself, and that is told."""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
RAN_AWAY = "cut_off"
TRIES = 3


def unless_it_ran_away(ask: Callable[[], T], told: Callable[[T], str]) -> T:
    """The first answer whose ``told`` text does not say so; the last one when all of them do."""
    for _ in range(TRIES - 1):
        if RAN_AWAY not in told(answer := ask()):
            return answer
    return ask()
