"""Which action follows which reason: the table that an operator reads, and what a lane's ``on_fail`` makes of it.

Part of the contract, so that the console prints what escalation does.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from schemas.vocabulary import Action, Reason

REPAIR, SIDEWAYS, AGAIN, UP = Action.REPAIR, Action.SIDEWAYS, Action.AGAIN, Action.UP
LONGER, APPROVED, HUMAN = Action.LONGER, Action.APPROVED, Action.HUMAN
AGREEMENT, JUDGE = Action.AGREEMENT, Action.JUDGE

ACTIONS = MappingProxyType(
    {
        Reason.CHECK_FAILED: (REPAIR, UP, SIDEWAYS, HUMAN),
        Reason.EMPTY: (SIDEWAYS, UP, HUMAN),
        Reason.CUT_OFF: (LONGER, UP, SIDEWAYS, HUMAN),
        Reason.REFUSED: (SIDEWAYS, HUMAN, UP),
        Reason.DISAGREED: (AGREEMENT, UP, HUMAN),
        Reason.DOUBTED: (AGREEMENT, HUMAN),
        Reason.UNJUDGED: (JUDGE, UP, HUMAN),
        Reason.JUDGED_GOOD: (JUDGE, UP, HUMAN),
        Reason.JUDGED_BAD: (JUDGE, UP, HUMAN),
        Reason.UNDECIDED: (UP, HUMAN),
        Reason.UNSURE: (UP, HUMAN),
        Reason.TIMEOUT: (SIDEWAYS, UP, HUMAN),
        Reason.DEADLINE: (SIDEWAYS, UP, HUMAN),
        Reason.STARVED: (SIDEWAYS, UP, HUMAN),
        Reason.UNCALLED: (AGAIN, SIDEWAYS, HUMAN),
        Reason.RATE_LIMITED: (SIDEWAYS, AGAIN, UP, HUMAN),
        Reason.PROVIDER_ERROR: (SIDEWAYS, UP, HUMAN),
        Reason.UNREACHABLE: (SIDEWAYS, UP, HUMAN),
        Reason.BREAKER_OPEN: (SIDEWAYS, AGAIN, UP, HUMAN),
        Reason.UNAUTHORIZED: (SIDEWAYS, UP, HUMAN),
        Reason.BAD_ANSWER: (SIDEWAYS, UP, HUMAN),
        Reason.OUTCOME_UNKNOWN: (SIDEWAYS, UP, HUMAN),
        Reason.CONTENT_FILTERED: (SIDEWAYS, UP, HUMAN),
        Reason.CONTEXT_TOO_LONG: (UP, SIDEWAYS, HUMAN),
        Reason.NO_RECORDED_ANSWER: (SIDEWAYS, UP, HUMAN),
        Reason.SPEND_CAPPED: (SIDEWAYS, UP, HUMAN),
        Reason.UNKNOWN_MODEL: (SIDEWAYS, UP, HUMAN),
        Reason.LACKS_ABILITY: (SIDEWAYS, UP, HUMAN),
        Reason.NO_ELIGIBLE_MODEL: (HUMAN,),
        Reason.BUDGET_SPENT: (HUMAN,),
        Reason.INVALID_REQUEST: (),
    }
)
"""Of each reason the actions to try, in order: the first that the plan and the limits allow is taken.

A person is asked only where the lane says who (``reviews``), and a third model about two answers that differ only where
the lane allows it (``opinions``).
"""

OF_CHECKS = MappingProxyType({"policy": (APPROVED, HUMAN)})
"""What comes before the row of ``check_failed`` where this check failed: a model approved for it, and a person."""

NO_ESCALATION = (AGREEMENT, JUDGE, AGAIN)
"""Further attempts by which a request has not escalated: looks at its answer, and its own path after a wait."""

FAMILY = MappingProxyType({"schema": "format", "tool_calls": "format"})
"""The name under which a portfolio may mean several checks at once."""

OTHERWISE = (SIDEWAYS, UP, HUMAN)
"""For a reason that a newer service says and this one does not know."""


def actions_for(reason: str, failed_checks: Sequence[str], on_fail: Mapping[str, Action]) -> tuple[Action, ...]:
    """The actions to try, in order, each at most once: the lane's own for a check, for the reason, then the usual."""
    wished, usual = wished_actions(reason, failed_checks, on_fail), usual_actions(reason)
    return tuple(dict.fromkeys((*wished, *_of_checks(reason, failed_checks), *usual)))


def _of_checks(reason: str, failed_checks: Sequence[str]) -> tuple[Action, ...]:
    """Only where nothing graver explains the failure: an answer that was cut off may lack what a policy requires."""
    named = failed_checks if reason == Reason.CHECK_FAILED else ()
    return tuple(action for check in named for action in OF_CHECKS.get(check, ()))


def wished_actions(reason: str, failed_checks: Sequence[str], on_fail: Mapping[str, Action]) -> tuple[Action, ...]:
    """The lane's own: for each failed check, then for the reason."""
    named = [name for check in failed_checks for name in (check, FAMILY.get(check, check))]
    return tuple(on_fail[name] for name in (*named, str(reason)) if name in on_fail)


def usual_actions(reason: str) -> tuple[Action, ...]:
    """The table's own row."""
    try:
        return ACTIONS.get(Reason(reason), OTHERWISE)
    except ValueError:
        return OTHERWISE
