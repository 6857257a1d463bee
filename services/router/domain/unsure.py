"""The safe plan of a request whose task is not known for sure. Pure."""

from dataclasses import replace

from schemas.attempt import Candidate
from schemas.portfolio import Portfolio, WhenUnsure
from schemas.request import Request
from schemas.vocabulary import Risk
from services.router.domain.choose import Options

WHY = "strongest first, as nothing told its task for sure"


def when_unsure(options: Options, portfolio: Portfolio, request: Request) -> Options:
    """The options with the strongest path first, where the document wishes that and the task is not known for sure.

    What models achieve is learned by task, so that no plan is made for this one. Where being wrong is dear its lane has
    a safe plan already.
    """
    if not request.profile.unsure or portfolio.defaults.unsure is not WhenUnsure.STRONGEST_FIRST:
        return options
    is_dear = request.risk == Risk.HIGH or portfolio.is_critical(portfolio.lanes[request.lane])
    if is_dear or request.pinned_model is not None or (found := _strongest(options)) is None:
        return options
    return replace(options, explored=(*found, WHY))


def _strongest(options: Options) -> tuple[Candidate, int] | None:
    """The first path with a worker of the highest tier that has one, and its tier; ``None`` where all are of one."""
    tiers = (options.unplanned or options).plan.tiers
    served = ((path, number) for number, tier in enumerate(tiers) for path in tier if path not in options.waiting)
    first_of = {number: path for path, number in reversed(list(served))}
    return (first_of[max(first_of)], max(first_of)) if len(first_of) > 1 else None
