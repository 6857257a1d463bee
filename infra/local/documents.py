"""The portfolio document that a stack begins with: read before anything starts, so it imports nothing heavy."""

from pathlib import Path

from schemas.portfolio import Portfolio
from services.console.domain.portfolio_file import read


class PortfolioWrong(Exception):
    """The portfolio file has errors; the message lists them with their lines."""


def read_portfolio(path: Path) -> Portfolio:
    """The portfolio of a file. Raises :class:`PortfolioWrong`, or ``OSError`` when it cannot be read."""
    reading = read(path.read_text())
    if reading.portfolio is None:
        raise PortfolioWrong("\n".join(finding.line(str(path)) for finding in reading.findings))
    return reading.portfolio
