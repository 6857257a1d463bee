"""What stands until it is replaced: revisions of the portfolio, live workers, breakers, scores."""

from typing import Protocol

from pydantic import AwareDatetime, Field

from schemas.fact import Event, Fact
from schemas.models import Bucketed
from schemas.portfolio import Portfolio
from schemas.vocabulary import OpenBreakerState


class PortfolioRevised(Event):
    """A revision of the portfolio document, keyed by revision; under the key ``current`` it points to the one in force.

    ``number`` rises by one with every change of ``current``, a rollback included. ``replaces``: the revision that was
    in force until then, to which a rollback goes.
    """

    revision: str
    number: int = Field(ge=1)
    portfolio: Portfolio
    revised_at: AwareDatetime
    author: str
    note: str | None = None
    current: bool = False
    replaces: str | None = None

    @property
    def subject(self) -> str:
        return "current" if self.current else self.revision

    @property
    def counter(self) -> str:
        return str(self.number)


class Revisions(Protocol):
    """The revisions of the portfolio that were heard here."""

    def revision(self, name: str) -> Portfolio:
        """A revision by name. Raises :class:`schemas.reaction.NotYet` for one that is still on its way."""
        ...


class WorkerReady(Event):
    """A provider has a live worker (``ready``), or its last one left in good order (not ``ready``).

    ``holds``: for each model, fingerprints of the only requests that it can answer (a replaying provider);
    a model that is absent, or no ``holds`` at all, means any request. ``full_until``: attempts have waited there for a
    hand, so that until then equal paths are asked first; said again while that goes on, and else over by itself.
    """

    provider: str
    worker: str
    ready: bool
    holds: dict[str, tuple[str, ...]] | None = None
    full_until: AwareDatetime | None = None
    at: AwareDatetime

    @property
    def subject(self) -> str:
        return self.provider

    @property
    def counter(self) -> str:
        return f"{self.worker}/{self.at.isoformat()}"


class BreakerChanged(Event):
    """A model path opened, half-opened or closed. Open without ``until``: until somebody closes it.

    ``by``: the worker or the operator who says so.
    """

    model: str
    provider: str
    state: OpenBreakerState
    reason: str
    until: AwareDatetime | None = None
    at: AwareDatetime
    by: str | None = None

    @property
    def subject(self) -> str:
        return f"{self.model}@{self.provider}"

    @property
    def counter(self) -> str:
        return self.at.isoformat()


class ScoreCurve(Fact):
    """The scores that a graded check gave a model's answers, by bucket from 0 to 1. ``by``: the model asked to agree.

    ``answers``: how many came to the check, or failed another one; older ones count less. ``seen``: those that were
    given a score. ``right`` and ``wrong``: those of the scored that people or judges called so.
    """

    check: str
    by: str
    answers: float = Field(ge=0)
    seen: Bucketed
    right: Bucketed
    wrong: Bucketed


class ModelScored(Event):
    """What a model achieves in a task class. ``sequence`` rises; an older one is ignored.

    ``version``: the provider that serves it. ``successes`` and ``failures`` are judged answers, and ``fresh_*`` the
    same with older ones counting less, each by a fixed factor for every one that came after it (V. Raj and S. Kalyani,
    "Taming Non-stationary Bandits", arXiv:1707.09727). False accepts are failures that every check passed.
    """

    task: str
    model: str
    version: str
    sequence: int = Field(ge=1)
    successes: int = Field(ge=0)
    failures: int = Field(ge=0)
    fresh_successes: float = Field(default=0, ge=0)
    fresh_failures: float = Field(default=0, ge=0)
    fresh_false_accepts: float = Field(default=0, ge=0)
    mean_micro_usd: int = Field(ge=0)
    mean_latency_ms: int = Field(ge=0)
    scored_at: AwareDatetime
    curves: tuple[ScoreCurve, ...] = ()

    @property
    def subject(self) -> str:
        return f"{self.task}/{self.model}/{self.version}"

    @property
    def counter(self) -> str:
        return str(self.sequence)
