"""Which next step fits which reason: the table that an operator reads. A lane's ``on_fail`` comes before it."""

from types import MappingProxyType

from schemas.vocabulary import Action, Reason

REPAIR, SIDEWAYS, AGAIN, UP = Action.REPAIR, Action.SIDEWAYS, Action.AGAIN, Action.UP

STEPS = MappingProxyType(
    {
        Reason.CHECK_FAILED: (REPAIR, UP, SIDEWAYS),
        Reason.EMPTY: (SIDEWAYS, UP),
        Reason.CUT_OFF: (UP, SIDEWAYS),
        Reason.REFUSED: (SIDEWAYS, UP),
        Reason.DISAGREED: (UP,),
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
        Reason.UNKNOWN_MODEL: (SIDEWAYS, UP),
        Reason.NO_ELIGIBLE_MODEL: (),
        Reason.INVALID_REQUEST: (),
    }
)
FAMILY = MappingProxyType({"schema": "format", "tool_calls": "format"})
"""The name under which a portfolio may mean several checks at once."""

OTHERWISE = (SIDEWAYS, UP)
"""For a reason that a newer service says and this one does not know."""


def steps_for(reason: str, failed_checks: tuple[str, ...], on_fail: dict[str, Action]) -> tuple[Action, ...]:
    """The steps to try, in order, each at most once."""
    named = (name for check in failed_checks for name in (check, FAMILY.get(check, check)))
    chosen = tuple(on_fail[name] for name in named if name in on_fail)
    try:
        usual = STEPS.get(Reason(reason), OTHERWISE)
    except ValueError:
        usual = OTHERWISE
    return tuple(dict.fromkeys((*chosen, *usual)))
