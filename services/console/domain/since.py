"""``--since``: a time, or how long ago; ``--for``: how long; and how a while is told."""

import re
from datetime import UTC, datetime, timedelta

from services.console.domain.failures import Misused

AGO = re.compile(r"^(\d{1,5})([smhdw])$")
UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


FIRST = datetime(1970, 1, 1, tzinfo=UTC)
"""Kafka knows no earlier time."""


def since(text: str, now: datetime) -> datetime:
    """``30s``, ``15m``, ``24h``, ``7d`` or ``2w`` ago, or an ISO 8601 time (UTC when it names no zone); 1970 at least.

    Raises :class:`Misused`.
    """
    return max(FIRST, _said(text, now))


def _said(text: str, now: datetime) -> datetime:
    if ago := AGO.match(text):
        return now - int(ago[1]) * UNITS[ago[2]]
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Misused(f'--since "{text}" is neither a time such as 2026-05-01 nor a while such as 24h or 7d') from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def lasting(text: str) -> float:
    """The seconds of ``30s``, ``15m`` or ``2h``. Raises :class:`Misused`."""
    while_ = AGO.match(text)
    if while_ is None or int(while_[1]) == 0:
        raise Misused(f'--for "{text}" is no while: say 30s, 15m or 2h')
    return (int(while_[1]) * UNITS[while_[2]]).total_seconds()


def in_words(seconds: int) -> str:
    """A while as people say it, by its two largest units: ``2 d 4 h``, ``59 min 3 s``."""
    left, parts = max(0, seconds), list[str]()
    for name, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        number, left = divmod(left, size)
        if number or (name == "s" and not parts):
            parts.append(f"{number} {name}")
    return " ".join(parts[:2])
