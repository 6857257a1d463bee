"""Which checks a lane and a request ask for, and which of those nobody here can make."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from pydantic import ValidationError

from schemas.attempt import CheckResult, Plan
from schemas.check_settings import (
    MOST_OPINIONS,
    SETTINGS,
    Judging,
    Sure,
    as_settings,
    asks_a_third,
    fixed_threshold,
    judging_of,
    plans_threshold,
    read_settings,
)
from schemas.content import Json
from schemas.policies import Policy
from services.validator.domain.demands import DEMANDS, Asked
from services.validator.domain.results import (
    AGREEMENT,
    CITATIONS,
    CONFIDENCE,
    DEMANDS_FOUND,
    GROUNDED,
    JUDGE,
    KNOWN,
    POLICY,
    cannot_tell,
    explained,
    shortened,
)

LONGEST_NAME = 80
NO_JUDGE = "a judge is asked where the lane says which: checks: [{judge: {ask: [a model]}}] in the portfolio"
WAIVED = "the router's plan does without another model here, as the lane lets it"
NOT_ITS_TO_SAY = "agreement takes no settings in a request, which has it always"
CLOSE = 0.75
Packs = Mapping[str, Policy]
NO_PACKS: Packs = MappingProxyType({})


NO_PLAN = Plan(tiers=())


@dataclass(frozen=True, slots=True)
class Left:
    """What a lane lets the attempt's plan say: that nobody need agree, that answers may be less alike than usual, that
    a third settles what two differ on.
    """

    agreement: bool = False
    lower_threshold: bool = False
    third: bool = False


NOTHING_LEFT = Left()


@dataclass(frozen=True, slots=True)
class Wanted:
    """``sure``: how sure a model must be of its words. ``threshold``: how alike two answers must be to agree.

    ``asks_a_third``: who settles it where two differ, before a stronger model answers.

    ``named``: the checks that the request itself asks for. ``demands``: of the text's form, with their settings;
    ``finds_demands``: those of the prompt, too. ``grounding``: what of tool calls need not
    stand in the request. ``citing``: how the answer must cite; ``policies``: which of ``packs``
    it is held to. ``judging``: how the lane wants answers judged. ``untold``: what cannot be checked, said plainly.
    """

    sure: Sure | None
    agreement: bool
    threshold: float
    asks_a_third: bool
    judging: Judging | None
    named: frozenset[str]
    demands: tuple[Asked, ...]
    finds_demands: bool
    grounding: tuple[Json, ...]
    citing: tuple[Json, ...]
    policies: tuple[Json, ...]
    packs: Packs
    untold: tuple[CheckResult, ...]


def wanted_by(
    lane: Sequence[str | Json],
    request: Sequence[Json],
    packs: Packs = NO_PACKS,
    plan: Plan = NO_PLAN,
    left: Left = NOTHING_LEFT,
) -> Wanted:
    """Read a lane's checks (names, or ``{name: settings}``) and a request's (``{"name": ..., settings}``).

    What the plan says counts as far as it is left to it; a request that asks for agreement has it all the same, and
    no weaker than usual.
    """
    of_request = [_of_request(check, index) for index, check in enumerate(request)]
    told = [*_of_lane(lane), *of_request]
    asked = {name: settings for name, settings in told if name not in DEMANDS}
    named = frozenset(shortened(name, LONGEST_NAME) for name, _ in of_request)
    untold = [_untold(name, settings, of_request=name in named) for name, settings in asked.items()]
    by_plan = AGREEMENT in asked and AGREEMENT not in named
    waived = by_plan and left.agreement and AGREEMENT in plan.waives
    if waived:
        untold.append(cannot_tell(AGREEMENT, WAIVED))
    judging = judging_of(lane)
    if JUDGE in asked and judging is None:
        untold.append(cannot_tell(JUDGE, NO_JUDGE))
    return Wanted(
        sure=_sure(told),
        agreement=AGREEMENT in asked and not waived,
        threshold=_threshold(lane, plan, may_lower=by_plan and left.lower_threshold),
        asks_a_third=asks_a_third(lane) or (by_plan and left.third and plan.opinions == MOST_OPINIONS),
        judging=judging,
        named=named,
        demands=tuple((name, settings) for name, settings in told if name in DEMANDS),
        finds_demands=DEMANDS_FOUND in asked,
        grounding=_each(GROUNDED, told),
        citing=_each(CITATIONS, told),
        policies=_each(POLICY, told),
        packs=packs,
        untold=tuple(result for result in untold if result is not None),
    )


def _threshold(lane: Sequence[str | Json], plan: Plan, *, may_lower: bool) -> float:
    """The plan's, where the lane leaves it to the plan: above the fixed one always, below it where it may."""
    fixed = fixed_threshold(lane)
    told = plan.thresholds.get(AGREEMENT, fixed) if plans_threshold(lane) else fixed
    return told if may_lower else max(told, fixed)


def _sure(told: Sequence[Asked]) -> Sure | None:
    """What is asked of a model's confidence, the most where it is asked for twice; wrong settings ask for nothing."""
    asked: list[Sure] = []
    for settings in _each(CONFIDENCE, told):
        with suppress(ValidationError):
            asked.append(Sure.model_validate(settings, strict=False))
    return max(asked, key=lambda each: each.at_least, default=None)


def _each(name: str, told: Sequence[Asked]) -> tuple[Json, ...]:
    """All settings with which a check is asked for, each once."""
    settings = [each for asked, each in told if asked == name]
    return tuple(each for number, each in enumerate(settings) if each not in settings[:number])


def _of_lane(checks: Sequence[str | Json]) -> Iterator[Asked]:
    for check in checks:
        if isinstance(check, str):
            yield check, {}
        else:
            yield from ((name, as_settings(settings)) for name, settings in check.items())


def _of_request(check: Json, index: int) -> Asked:
    name = check.get("name")
    if not isinstance(name, str) or not name:
        return f"checks/{index}", {}
    return name, {key: value for key, value in check.items() if key != "name"}


def _untold(name: str, settings: Json, *, of_request: bool) -> CheckResult | None:
    if name not in KNOWN:
        name = shortened(name, LONGEST_NAME)
        return cannot_tell(name, _unknown(name))
    if settings and name == AGREEMENT:
        return _wrong_agreement(settings, of_request=of_request)
    if settings and name == CONFIDENCE:
        return _wrong(name, settings)
    if settings and name not in SETTINGS:
        return cannot_tell(name, f"{name} takes no settings, and was given {', '.join(sorted(settings))}")
    return None


def _wrong_agreement(settings: Json, *, of_request: bool) -> CheckResult | None:
    """What keeps it from being left to the plan; it is made all the same."""
    if of_request:
        return cannot_tell(AGREEMENT, NOT_ITS_TO_SAY)
    return _wrong(AGREEMENT, settings)


def _wrong(name: str, settings: Json) -> CheckResult | None:
    try:
        read_settings(name, settings)
    except ValidationError as error:
        return cannot_tell(name, explained(name, error))
    return None


def _unknown(name: str) -> str:
    known = sorted(KNOWN | DEMANDS.keys())
    near = get_close_matches(name, known, 1, CLOSE)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
    return f"there is no check of this name, so it was not made: {hint}"
