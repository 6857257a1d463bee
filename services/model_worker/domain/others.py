"""Calls that others may have made of an attempt while its lease was lost here: the provider may have billed them."""

from dataclasses import replace
from typing import TypeVar

from services.model_worker.domain.claims import Finished
from services.model_worker.domain.late import Settled
from services.model_worker.domain.outcomes import with_lost_calls

Told = TypeVar("Told", Finished, Settled)


def with_others(told: Told, others: int) -> Told:
    """What came of a call, and in its bound the most that so many others can have cost: each once."""
    more = others - told.others
    if more <= 0 or told.prepared is None:
        return told
    cost = with_lost_calls(told.event.cost, more, told.prepared.call, told.prepared.rate)
    event = told.event.model_copy(update={"cost": cost})
    return replace(told, event=event, data=event.to_json(), others=others)
