"""What a lane wants of second and third opinions in vain: nobody gives them, or nothing tells the plan their worth."""

from collections.abc import Callable, Iterator

from schemas.check_settings import (
    MOST_OPINIONS,
    USUAL_OPINIONS,
    leaves_agreement,
    may_ask_a_third,
    plans_a_third,
    plans_threshold,
)
from schemas.models import SERVING, Confirmed
from schemas.portfolio import CheckName, Lane, Portfolio
from services.console.domain.findings import Advice


def on_agreement(portfolio: Portfolio, name: str, lane: Lane) -> Iterator[Advice]:
    """All such wishes of a lane."""
    for index, check in enumerate(lane.checks):
        if check == CheckName.AGREEMENT or (isinstance(check, dict) and CheckName.AGREEMENT in check):
            at = ("lanes", name, "checks", index)
            models = {model for model in lane.models if portfolio.models[model].lifecycle in SERVING}
            if len(models) < USUAL_OPINIONS:
                yield Advice(at, "agreement needs a second model in this lane")
            elif leaves_agreement(lane.checks) and (why := _always_asked(portfolio, lane)):
                yield Advice((*at, "agreement", "when"), f"agreement is always asked for: {why}")
            if why := _never_settled(portfolio, lane):
                yield Advice((*at, "agreement", "opinions"), f"no third is asked: {why}")
            if plans_threshold(lane.checks) and (why := _unlearned(portfolio, lane, lambda its: its.curve)):
                yield Advice((*at, "agreement", "threshold"), f"the threshold is the fixed one: {why}")


def _never_settled(portfolio: Portfolio, lane: Lane) -> str | None:
    """Why no third model settles what two differ on, though the lane would have one."""
    if not may_ask_a_third(lane.checks):
        return None
    if lane.max_attempts <= MOST_OPINIONS:
        return f"max_attempts is {lane.max_attempts}, and a stronger model must be left one should all three differ"
    tiers = [[model for model in tier if portfolio.models[model].lifecycle in SERVING] for tier in lane.tiers]
    below = sum(len(tier) for tier in [tier for tier in tiers if tier][:-1])
    if below < MOST_OPINIONS:
        return "it takes three models in tiers below the one that answers where all differ"
    return _never_weighed(portfolio, lane) if plans_a_third(lane.checks) else None


def _never_weighed(portfolio: Portfolio, lane: Lane) -> str | None:
    """Why no plan weighs one."""
    if portfolio.is_critical(lane):
        return "in a critical lane no plan has one"
    return _unlearned(portfolio, lane, lambda its: its.third)


def _always_asked(portfolio: Portfolio, lane: Lane) -> str | None:
    """Why nothing is left to the plan, though the lane would leave it."""
    if portfolio.is_critical(lane):
        return "a critical lane is never without it"
    if lane.learns is not False and lane.needs_agreement:
        return "the lane has a bar on compliance_risk, and no other check vouches for every answer"
    return _unlearned(portfolio, lane, lambda its: its)


def _unlearned(portfolio: Portfolio, lane: Lane, tells: Callable[[Confirmed], object]) -> str | None:
    """Why no plan of the lane says it: it makes none, or what was recorded of a task ``tells`` nothing of it."""
    if lane.learns is False:
        return "a lane that learns nothing makes no plans"
    priors = [portfolio.models[model].priors or {} for model in lane.tiers[0]]
    known = {task for each in priors for task, its in each.items() if its.confirmed and tells(its.confirmed)}
    unknown = next((task for task in lane.tasks if task not in known), None)
    return f'nothing recorded says what it is worth for "{unknown}": `portfolio priors` learns it' if unknown else None
