"""What a request means by ``model``: ``auto``, a model, ``portfolio/<lane>``, the bare name of a lane or a task, or
what a model or a lane is also called.
"""

from schemas.asking import AUTO, LANE_PREFIX, aliases_of, lane_in, own_name
from schemas.portfolio import Portfolio
from schemas.request import RequestSubmitted


def meant(asked: RequestSubmitted, portfolio: Portfolio) -> RequestSubmitted:
    """The request with a lane or a task that stands in ``model`` in its own field. A model of that name goes first.

    A lane or a task that the request names beside it stays. A name that nothing has is left for its refusal.
    """
    named = own_name(asked.model, portfolio)
    if (lane := lane_in(named, portfolio)) is not None:
        return asked.model_copy(update={"model": None, "lane": asked.lane or lane})
    if named in portfolio.tasks and named != AUTO and named not in portfolio.models:
        return asked.model_copy(update={"model": None, "task": asked.task or named})
    return asked if named == asked.model else asked.model_copy(update={"model": named})


def names_of(portfolio: Portfolio) -> tuple[str, ...]:
    """All that ``model`` may name."""
    lanes, aliases = (f"{LANE_PREFIX}{lane}" for lane in portfolio.lanes), (alias for alias, _ in aliases_of(portfolio))
    return (AUTO, *portfolio.models, *lanes, *portfolio.tasks, *aliases)
