"""The revisions of the portfolio that a service knows, folded from ``portfolio.revised``."""

from schemas.portfolio import Portfolio
from schemas.reaction import NotYet
from schemas.standing import PortfolioRevised


class RevisionUnknown(NotYet):
    """An event names a revision that has not been heard here."""


class PortfolioView:
    """Every revision by name, and the one in force."""

    def __init__(self) -> None:
        self._revisions: dict[str, Portfolio] = {}
        self._current: PortfolioRevised | None = None

    def apply(self, event: PortfolioRevised) -> None:
        """Take a revision in; the ``current`` pointer only moves forward."""
        self._revisions[event.revision] = event.portfolio
        if event.current and (self._current is None or event.number >= self._current.number):
            self._current = event

    def has_current(self) -> bool:
        """Whether a portfolio was ever put in force."""
        return self._current is not None

    @property
    def current(self) -> PortfolioRevised:
        """The revision in force. Raises :class:`RevisionUnknown` when none was ever applied."""
        if self._current is None:
            raise RevisionUnknown("no portfolio has been applied yet: run `portfolio apply portfolio.yaml`")
        return self._current

    def revision(self, name: str) -> Portfolio:
        """A revision by name. Raises :class:`RevisionUnknown`."""
        try:
            return self._revisions[name]
        except KeyError:
            raise RevisionUnknown(f"revision {name} has not been heard: is portfolio.revised complete?") from None
