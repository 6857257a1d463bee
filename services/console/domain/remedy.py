"""Which lines of the portfolio file a failure speaks of, so that the operator can go and change them."""

import re

from schemas.references import Path
from services.console.domain.portfolio_file import Reading

NAMED = re.compile(r"\b(?:lanes|models|providers|tasks|residency|defaults)(?:\.[A-Za-z0-9_-]+)+")


def lines_named(detail: str, file: str, reading: Reading, revision: str | None) -> list[str]:
    """``file:line`` and the path, for every path of the portfolio in ``detail``.

    Empty when the file is not the revision that the failure is about: its lines would mislead.
    """
    if reading.portfolio is None or reading.portfolio.digest() != revision:
        return []
    paths = dict.fromkeys(match.group() for match in NAMED.finditer(detail))
    return [f"{file}:{line}: {path}" for path in paths if (line := _line(reading, tuple(path.split(".")))) is not None]


def _line(reading: Reading, path: Path) -> int | None:
    document = reading.document
    if path not in document.keys:
        return None
    return document.place(path, of_key=True).line
