"""Which paths cannot help a request any more, by what became of its attempts: router and escalation agree on it."""

from collections.abc import Collection, Sequence

from schemas.attempt import Candidate, Tried
from schemas.portfolio import Portfolio
from schemas.vocabulary import Reason, Role

FOR_NOW = frozenset({Reason.RATE_LIMITED, Reason.BREAKER_OPEN, Reason.UNCALLED})
"""Reasons that say nothing of the request: the path that gave one may take it a little later."""


SENT_MORE = (Role.REPAIR, Role.JUDGE)
"""Attempts that are longer than what was asked."""


def used_paths(tried: Sequence[Tried]) -> tuple[Tried, ...]:
    """The attempts whose path cannot answer again: a model that only judged another's answer still can."""
    return tuple(t for t in tried if t.model and t.provider and t.role != Role.JUDGE)


def turned_away(tried: Sequence[Tried]) -> frozenset[tuple[str, str]]:
    """Models and providers of the paths that refused the request for the moment, each time that they were asked."""
    asked = [(t.model or "", t.provider or "", t.reason in FOR_NOW) for t in used_paths(tried)]
    answered = {(model, provider) for model, provider, is_for_now in asked if not is_for_now}
    return frozenset((model, provider) for model, provider, _ in asked) - answered


OPINION_AND_ANSWER = 2
"""A third opinion takes an attempt, and where all three differ, a stronger model's answer takes one."""


def settling(
    tiers: Sequence[Sequence[Candidate]], asked: Collection[str], base: int
) -> tuple[tuple[int, Candidate], ...]:
    """Who may settle what two models differ on: paths with their tiers, from the first answer's tier up, then below it.

    Only models that were not ``asked`` yet, and none of the highest tier that is left: it answers where all three
    differ.
    """
    numbers = (*range(base, len(tiers)), *range(min(base, len(tiers))))
    left = [(number, path) for number in numbers for path in tiers[number] if path.model not in asked]
    highest = max((number for number, _ in left), default=0)
    return tuple((number, path) for number, path in left if number < highest)


def why_hopeless(path: Candidate, tried: Sequence[Tried], portfolio: Portfolio) -> str | None:
    """Why this path would fail as an earlier attempt did; ``None`` when it may do better.

    A provider that refused our key refuses it for its other models, too. What was too long for one model is too long
    for every model whose context is not longer. Repairs, judges and longer answers do not count for that: they take
    more room than the request itself.
    """
    if any(t.reason == Reason.UNAUTHORIZED and t.provider == path.provider for t in tried):
        return f"{path.provider} refused our key in an earlier attempt"
    found_short = [t.model for t in tried if t.reason == Reason.CONTEXT_TOO_LONG and not _asked_for_more(t)]
    model, longest = portfolio.models.get(path.model), _longest(found_short, portfolio)
    if model is None or model.context_tokens > longest:
        return None
    return f"its context of {model.context_tokens} tokens is not longer than one that was found too short"


def _asked_for_more(attempt: Tried) -> bool:
    return attempt.role in SENT_MORE or attempt.most_output_tokens is not None


def _longest(names: Sequence[str | None], portfolio: Portfolio) -> int:
    models = (portfolio.models.get(name) for name in names if name)
    return max((model.context_tokens for model in models if model), default=0)
