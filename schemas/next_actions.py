"""Which action follows which reason: the table that an operator reads, and what a lane's ``on_fail`` makes of it.

Part of the contract, so that the console prints what escalation does.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from schemas.vocabulary import Action, Reason

REPAIR, SIDEWAYS, AGAIN, UP = Action.REPAIR, Action.SIDEWAYS, Action.AGAIN, Action.UP
AGREEMENT = Action.AGREEMENT

ACTIONS = MappingProxyType(
    {
        Reason.CHECK_FAILED: (REPAIR, UP, SIDEWAYS),
        Reason.EMPTY: (SIDEWAYS, UP),
        Reason.CUT_OFF: (UP, SIDEWAYS),
        Reason.REFUSED: (SIDEWAYS, UP),
        Reason.DISAGREED: (UP,),
        Reason.DOUBTED: (AGREEMENT,),
        Reason.TIMEOUT: (SIDEWAYS, UP),
        Reason.DEADLINE: (SIDEWAYS, UP),
        Reason.RATE_LIMITED: (SIDEWAYS, AGAIN, UP),
        Reason.PROVIDER_ERROR: (SIDEWAYS, UP),
        Reason.UNREACHABLE: (SIDEWAYS, UP),
        Reason.BREAKER_OPEN: (SIDEWAYS, AGAIN, UP),
        Reason.UNAUTHORIZED: (SIDEWAYS, UP),
        Reason.BAD_ANSWER: (SIDEWAYS, UP),
        Reason.OUTCOME_UNKNOWN: (SIDEWAYS, UP),
        Reason.CONTENT_FILTERED: (SIDEWAYS, UP),
        Reason.CONTEXT_TOO_LONG: (UP, SIDEWAYS),
        Reason.NO_RECORDED_ANSWER: (SIDEWAYS, UP),
        Reason.SPEND_CAPPED: (SIDEWAYS, UP),
        Reason.UNKNOWN_MODEL: (SIDEWAYS, UP),
        Reason.NO_ELIGIBLE_MODEL: (),
        Reason.INVALID_REQUEST: (),
    }
)
"""Of each reason the actions to try, in order: the first that the plan and the limits allow is taken."""

FAMILY = MappingProxyType({"schema": "format", "tool_calls": "format"})
"""The name under which a portfolio may mean several checks at once."""

OTHERWISE = (SIDEWAYS, UP)
"""For a reason that a newer service says and this one does not know."""


def actions_for(reason: str, failed_checks: Sequence[str], on_fail: Mapping[str, Action]) -> tuple[Action, ...]:
    """The actions to try, in order, each at most once: the lane's own for a check, for the reason, then the usual."""
    named = [name for check in failed_checks for name in (check, FAMILY.get(check, check))]
    chosen = tuple(on_fail[name] for name in (*named, str(reason)) if name in on_fail)
    return tuple(dict.fromkeys((*chosen, *usual_actions(reason))))


def usual_actions(reason: str) -> tuple[Action, ...]:
    """The table's own row."""
    try:
        return ACTIONS.get(Reason(reason), OTHERWISE)
    except ValueError:
        return OTHERWISE
