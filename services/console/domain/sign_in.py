"""Who may sign in, and what each may do. Keys themselves are nowhere: only their SHA-256."""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

ENTRY = re.compile(r"(?P<name>[A-Za-z0-9._@-]{1,64}):(?P<role>[a-z]+):(?P<digest>[0-9a-f]{64})")


class Role(IntEnum):
    """What somebody may do; each may do all that those before it may."""

    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3


class KeysWrong(ValueError):
    """An entry that cannot be read. The message holds no digest."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody with a key."""

    name: str
    role: Role
    digest: str


def holders(text: str) -> tuple[Holder, ...]:
    """``NAME:ROLE:SHA256`` entries, apart by commas or blanks. Raises :class:`KeysWrong`."""
    found = tuple(_holder(nth, entry) for nth, entry in enumerate(re.split(r"[,\s]+", text.strip(", \n")), 1) if entry)
    if len({holder.name for holder in found}) != len(found):
        raise KeysWrong("two entries have the same name: give each key a name of its own")
    return found


def _holder(nth: int, entry: str) -> Holder:
    roles = {role.name.lower(): role for role in Role}
    told = ENTRY.fullmatch(entry)
    if told is None or told["role"] not in roles:
        raise KeysWrong(f"entry {nth} is not NAME:ROLE:SHA256, where ROLE is {', '.join(roles)}")
    return Holder(told["name"], roles[told["role"]], told["digest"])


def holder_of(key: str, known: Sequence[Holder]) -> Holder | None:
    """Whose key this is. Every entry is compared, so that the time taken tells nothing."""
    digest = sha256(key.strip().encode()).hexdigest()
    same = [holder for holder in known if hmac.compare_digest(holder.digest, digest)]
    return same[0] if same else None
