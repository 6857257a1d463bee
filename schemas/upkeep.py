"""What people do around a portfolio, as its document lays it down: who looks at what, and how often."""

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from schemas.fact import Fact

Said = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Rhythm(Fact):
    """Who looks, and at most so many days apart."""

    model_config = ConfigDict(strict=False)

    owner: Said
    every_days: int = Field(ge=1, le=366)


class Evaluation(Rhythm):
    """``set``: where the cases taken from own production are kept, and run again."""

    set: Said


class Upkeep(Fact):
    """The reviews of escalation reasons and of costs, and the evaluation set."""

    model_config = ConfigDict(strict=False)

    escalations: Rhythm | None = None
    costs: Rhythm | None = None
    evaluation: Evaluation | None = None
