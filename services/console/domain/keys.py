"""API keys as an operator names and sees them."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.console.domain.failures import Misused

ID = re.compile(r"(?:mp-)?([0-9a-f]{12})")
SPAN = re.compile(r"(\d{1,6})([smhd])")
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def id_of(text: str) -> str:
    """The id in a key's prefix; a whole key is not wanted in a shell's history. Raises :class:`Misused`."""
    if (found := ID.fullmatch(text)) is None:
        raise Misused("a key is named by its prefix, such as mp-1f0c2a9b44de: `portfolio keys list` shows them")
    return found[1]


def seconds_of(span: str) -> int:
    """Seconds in ``30m``, ``24h`` or ``7d``. Raises :class:`Misused`."""
    if (found := SPAN.fullmatch(span.strip())) is None:
        raise Misused(f'"{span}" is no span of time: give 30m, 24h or 7d')
    return int(found[1]) * SECONDS[found[2]]


def state_of(key: Mapping[str, Any], now: datetime) -> str:
    """Whether a key is good, and until when."""
    if key["revoked_at"]:
        return "revoked"
    if not key["expires_at"]:
        return "good"
    ends = datetime.fromisoformat(key["expires_at"])
    return f"good until {ends:%Y-%m-%d %H:%M}Z" if ends > now else "expired"
