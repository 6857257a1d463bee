"""API keys as an operator names and sees them."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from services.console.domain.failures import Misused
from services.console.domain.since import UNITS

ID = re.compile(r"(?:mp-)?([0-9a-f]{12})")
SPAN = re.compile(r"(\d{1,6})([smhd])")
TEXTS, LISTS = ("name", "tenant", "expires_in"), ("scopes", "lanes", "data_classes")
NUMBERS = ("requests_per_minute", "tokens_per_minute")


def id_of(text: str) -> str:
    """The id in a key's prefix; a whole key is not wanted in a shell's history. Raises :class:`Misused`."""
    if (found := ID.fullmatch(text)) is None:
        raise Misused("a key is named by its prefix, such as mp-1f0c2a9b44de: `portfolio keys list` shows them")
    return found[1]


def seconds_of(span: str) -> int:
    """Seconds in ``30m``, ``24h`` or ``7d``. Raises :class:`Misused`."""
    if (found := SPAN.fullmatch(span.strip())) is None:
        raise Misused(f'"{span}" is no span of time: give 30m, 24h or 7d')
    return int(found[1]) * int(UNITS[found[2]].total_seconds())


def wish(words: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What a new key is asked for, as the gateway takes it; ``expires_in`` is a span. Raises :class:`Misused`."""
    told = {name: value for name, value in words.items() if value is not None and name != "expires_in"}
    if span := words.get("expires_in"):
        told["expires_at"] = (now + timedelta(seconds=seconds_of(span))).isoformat()
    return told


def words_of(form: Mapping[str, str]) -> dict[str, Any]:
    """The words of a form: lists are apart by commas, and what is empty is not asked for. Raises :class:`Misused`."""
    texts = {name: text.strip() for name, text in form.items() if text.strip()}
    lists = {name: re.split(r"[,\s]+", texts[name].strip(", ")) for name in LISTS if name in texts}
    numbers = {name: _number(name, texts[name]) for name in NUMBERS if name in texts}
    return {**{name: texts[name] for name in TEXTS if name in texts}, **lists, **numbers}


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise Misused(f'{name}: "{text[:20]}" is no whole number')
    return int(text)


def state_of(key: Mapping[str, Any], now: datetime) -> str:
    """Whether a key is good, and until when."""
    if key["revoked_at"]:
        return "revoked"
    if not key["expires_at"]:
        return "good"
    ends = datetime.fromisoformat(key["expires_at"])
    return f"good until {ends:%Y-%m-%d %H:%M}Z" if ends > now else "expired"
