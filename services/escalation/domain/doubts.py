"""Answers in doubt: why another look is asked for, and whether a third opinion may settle what two models differ on."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from schemas.attempt import ANSWERING, Attempt, Tried, attempts_made, contradicted_by
from schemas.next_actions import wished_actions
from schemas.paths import OPINION_AND_ANSWER, settling, used_paths, why_hopeless
from schemas.portfolio import CheckName, Lane, Portfolio
from schemas.vocabulary import Action, Reason, Role

OF_JUDGES = (Reason.UNJUDGED, Reason.JUDGED_GOOD, Reason.JUDGED_BAD, Reason.UNDECIDED)
"""What is said of an answer that a judge is asked about, until it is accepted or rejected."""
DOUBTS: Mapping[str, str] = MappingProxyType(
    {
        Reason.DOUBTED: "the lane asks for a second opinion",
        Reason.DISAGREED: "two models came to different answers",
        Reason.UNJUDGED: "the lane asks for a judge",
        Reason.JUDGED_GOOD: "a judge found the answer good, and is asked again in the other order",
        Reason.JUDGED_BAD: "a judge found the answer bad, and is asked again in the other order",
        Reason.UNDECIDED: "no two looks of a judge agreed on the answer",
    }
)
"""Why an answer in doubt is looked at."""


def base_tier(attempt: Attempt, tried: Sequence[Tried]) -> int:
    """The tier to go up from: that of the answer in doubt, when another model was asked about it.

    A third opinion counts by its own tier, where that is higher.
    """
    if attempt.role not in (Role.AGREEMENT, Role.JUDGE):
        return attempt.tier
    base = max((each.tier for each in tried if each.role in ANSWERING), default=attempt.tier)
    is_third = attempt.role == Role.AGREEMENT and contradicted_by(tried[:-1]) is not None
    return max(base, attempt.tier) if is_third else base


def where_two_differ(actions: tuple[Action, ...], reason: str, lane: Lane) -> tuple[Action, ...]:
    """A third opinion first; where that came to nothing, what the lane wishes for a difference, then a model above."""
    if reason == Reason.DISAGREED:
        return (Action.AGREEMENT, *actions)
    at = actions.index(Action.UP) if Action.UP in actions else len(actions)
    after = actions[at:] or (Action.UP, Action.HUMAN)  # two models answered: the request is not at fault
    return tuple(dict.fromkeys((*actions[:at], *of_difference(lane), *after)))


def of_difference(lane: Lane) -> tuple[Action, ...]:
    """What the lane itself wishes for where two models differ."""
    return wished_actions(Reason.DISAGREED, (CheckName.AGREEMENT,), lane.on_fail)


def tier_to_settle(attempt: Attempt, tried: Sequence[Tried], most: int, portfolio: Portfolio) -> int | None:
    """From which tier a third model is looked for; ``None`` where none is left to ask below one that could answer.

    ``most``: attempts; one must be left for the answer, should all three differ.
    """
    if attempts_made(tried) + OPINION_AND_ANSWER > most:
        return None
    base, asked = base_tier(attempt, tried), {each.model or "" for each in used_paths(tried)}
    third = settling(attempt.plan.tiers, asked, base)
    return base if any(why_hopeless(path, tried, portfolio) is None for _, path in third) else None
