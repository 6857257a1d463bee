"""What the examples of revisions teach, learned beside the event loop, and which revision may decide by it."""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from schemas.portfolio import Portfolio
from schemas.reaction import NotYet
from schemas.standing import PortfolioRevised
from schemas.teaching import Examples, teaching
from services.profiler.domain.classify import Classifier

log = logging.getLogger(__name__)
Teach = Callable[[Examples], Classifier | None]
Learning = asyncio.Task[Classifier | None] | None
"""What is learned, or was; nothing where there is nothing to learn."""
MOST_KEPT = 64
"""Revisions whose classifiers are kept, before all are learned anew as they are needed."""


class StillLearning(NotYet):
    """What a revision's examples teach is not known yet: it is learned now."""


class Classifiers(Protocol):
    """The classifiers of revisions."""

    def of(self, revision: str, portfolio: Portfolio) -> Classifier | None:
        """That of one, where it has one. Raises :class:`StillLearning`."""
        ...

    async def prepare(self, revision: str, portfolio: Portfolio) -> None:
        """Have it at hand."""
        ...


class Trained:
    """One classifier for all revisions, from a file."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier

    def of(self, revision: str, portfolio: Portfolio) -> Classifier | None:
        """Always the same."""
        return self._classifier

    async def prepare(self, revision: str, portfolio: Portfolio) -> None:
        """It is at hand."""


class FromExamples:
    """What each revision's own examples teach, learned once; nothing where they are too few to tell tasks apart."""

    def __init__(self, teach: Teach) -> None:
        self._teach = teach
        self._learned: dict[Examples, Learning] = {(): None}
        self._by_revision: dict[str, Learning] = {}

    def of(self, revision: str, portfolio: Portfolio) -> Classifier | None:
        """Raises :class:`StillLearning` of an earlier revision that was not in force since the start."""
        learning = self._begun(revision, portfolio)
        if learning is None:
            return None
        if not learning.done():
            raise StillLearning(f"what the examples of revision {revision} teach is being learned")
        return learning.result()

    async def prepare(self, revision: str, portfolio: Portfolio) -> None:
        """Learn, beside the event loop; at once where the same examples were learned before."""
        if (learning := self._begun(revision, portfolio)) is not None:
            await learning

    def _begun(self, revision: str, portfolio: Portfolio) -> Learning:
        if revision not in self._by_revision:
            if len(self._by_revision) >= MOST_KEPT:
                self._learned, self._by_revision = {(): None}, {}
            self._by_revision[revision] = self._begin(teaching(portfolio))
        return self._by_revision[revision]

    def _begin(self, examples: Examples) -> Learning:
        if examples not in self._learned:
            self._learned[examples] = asyncio.create_task(asyncio.to_thread(self._teach, examples))
        return self._learned[examples]


class View(Protocol):
    """Every revision that was heard of, and the one that was put in force last."""

    @property
    def current(self) -> PortfolioRevised: ...
    def revision(self, name: str) -> Portfolio: ...
    def apply(self, event: PortfolioRevised) -> None: ...


class InForce:
    """The revision that decides: the latest that was put in force, as soon as what its examples teach is known.

    Until then the one before decides, and no request waits.
    """

    def __init__(self, view: View, classifiers: Classifiers) -> None:
        self._view, self._classifiers = view, classifiers
        self._news = asyncio.Event()
        self._current: PortfolioRevised | None = None

    @property
    def current(self) -> PortfolioRevised:
        """Raises :class:`schemas.reaction.NotYet` where none was ever applied."""
        return self._current or self._view.current

    def revision(self, name: str) -> Portfolio:
        """A revision by name. Raises :class:`schemas.reaction.NotYet` for one that was never heard of."""
        return self._view.revision(name)

    def apply(self, event: PortfolioRevised) -> None:
        """Take a revision in."""
        self._view.apply(event)
        self._news.set()

    async def catch_up(self) -> None:
        """Put the latest in force. One at least was applied."""
        while self._current is not (latest := self._view.current):
            await self._classifiers.prepare(latest.revision, latest.portfolio)
            self._current = latest
            log.info("revision %s decides now", latest.revision)

    async def follow(self) -> None:
        """Put each in force that comes."""
        while True:
            await self._news.wait()
            self._news.clear()
            await self.catch_up()
