"""The addresses of a document's providers, held against what a worker can call and what may be published."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from schemas.references import Path, as_mapping
from schemas.variables import PLACE

SCHEMES = ("http", "https")
WHO = re.compile(r"[^/?#]*//(?:[^/?#@:]*:)?([^/?#]*)@")
"""What stands before the host may be a secret: a password, or a user without one."""
NO_VARIABLE = 'a variable is written ${NAME}: a letter or "_", then letters, digits and "_"'
NO_ADDRESS = "should be an address such as https://api.example.com/v1, or hold one in a variable: ${NAME}"
HOLDS_A_SECRET = "holds a password, and is published with the portfolio: put a variable, ${NAME}, in its place"


@dataclass(frozen=True, slots=True)
class WrongAddress:
    """An address at its place. ``says`` shows nothing of it: it may hold a secret."""

    path: Path
    says: str


def wrong_addresses(document: Mapping[str, Any]) -> Iterator[WrongAddress]:
    """All of them. Whatever has the wrong shape is told by others."""
    for name, provider in as_mapping(document.get("providers")).items():
        address = as_mapping(provider).get("base_url")
        if isinstance(address, str) and address and (says := _wrong_with(address)):
            yield WrongAddress(("providers", name, "base_url"), says)


def _wrong_with(address: str) -> str | None:
    if "${" in PLACE.sub("", address):
        return NO_VARIABLE
    if (who := WHO.match(PLACE.sub("", address))) and who[1]:
        return HOLDS_A_SECRET
    return None if _can_be_called(address) else NO_ADDRESS


def _can_be_called(address: str) -> bool:
    """What a variable will hold is not known here: where the address begins with one, that has the scheme."""
    begun = PLACE.match(address)
    filled = PLACE.sub("x", f"https://x{address[begun.end() :]}" if begun else address).replace("[x]", "[::1]")
    try:
        parts = urlsplit(filled)
    except ValueError:
        return False
    return parts.scheme in SCHEMES and bool(parts.netloc)
