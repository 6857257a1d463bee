"""Master keys: what seals the data keys of requests. Several by name, so that they can be changed."""

import re
from base64 import b64decode
from dataclasses import dataclass, field
from typing import Self

KEY_BYTES = 32
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")


@dataclass(frozen=True, slots=True)
class MasterKeys:
    """``newest`` seals; all of them open."""

    newest: str
    by_name: dict[str, bytes] = field(repr=False)

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The keys in ``name:base64,name:base64``; ``None`` of none. Raises ``ValueError``."""
        pairs = [each.strip().partition(":") for each in text.split(",") if each.strip()]
        if not pairs:
            return None
        found = {name: _key(name, key) for name, _, key in pairs}
        if len(found) < len(pairs):
            raise ValueError("two keys have one name: give each a name of its own")
        return cls(pairs[0][0], found)


def _key(name: str, text: str) -> bytes:
    if NAME.fullmatch(name) is None:
        raise ValueError("a key needs a name of small letters, digits, dots and dashes before a colon: name:base64")
    try:
        key = b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"key {name} is not base64 of {KEY_BYTES} bytes: make one with `openssl rand -base64 32`")
    return key
