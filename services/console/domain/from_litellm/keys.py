"""Where the key of each deployment will stand: under the name of a variable. No key goes further than this module."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.console.domain.from_litellm.config import VARIABLE, Entry
from services.console.domain.from_litellm.shown import is_variable
from services.console.domain.from_litellm.told import Fate, Told
from services.console.domain.vendors import VENDORS

SETTING = "litellm_params.api_key"
LONGEST = 100
NOT_COPIED = (
    "a key stands in the configuration (model_list[{0.place}], {0.model}), and was not copied: "
    "put it into the environment under {1}"
)
NO_KEYS = frozenset(
    "none null empty na n/a no-key nokey not-needed dummy fake fake-key my-fake-key anything any sk-no-key-required "
    "sk-xxx ollama".split()
)
"""What people write where a server wants no key."""
OWN_KEYS: Mapping[str, str] = {**{each.name: each.keys[0] for each in VENDORS}, "azure": "AZURE_API_KEY"}
"""Where LiteLLM itself looks for a vendor's key when the configuration names none."""
CLEAR = re.compile(r"[A-Z_][A-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class Key:
    """The variable of a deployment's key; ``None`` where it has none of its own."""

    name: str | None
    told: Told | None = None


def keys_of(entries: Sequence[Entry], vendors: Sequence[str], variables: Iterable[str] = ()) -> list[Key]:
    """Of each deployment, in their order. A key that stands in the configuration gets a name, of each vendor's its own.

    ``variables``: names that hold something else already, and that no key may be put under.
    """
    given: dict[tuple[str, str], str] = {}
    taken = {*variables, *variables_named(entries), *_relied_on(entries, vendors)}
    return [_key(entry, vendor, given, taken) for entry, vendor in zip(entries, vendors, strict=True)]


def variables_named(entries: Sequence[Entry]) -> Iterator[str]:
    """All variables that the deployments name: no key may be put under another's name."""
    for entry in entries:
        for value in entry.params.values():
            if isinstance(value, str) and value.startswith(VARIABLE):
                yield variable(value)


def _relied_on(entries: Sequence[Entry], vendors: Sequence[str]) -> Iterator[str]:
    """Where LiteLLM looks for the keys of deployments that name none."""
    for entry, vendor in zip(entries, vendors, strict=True):
        if vendor in OWN_KEYS and _has_none(entry):
            yield OWN_KEYS[vendor]


def _has_none(entry: Entry) -> bool:
    value = entry.params.get("api_key")
    return value is None or (isinstance(value, str) and value.strip().lower() in {"", *NO_KEYS})


def _usual_name(entry: Entry, vendor: str) -> str:
    """A vendor's own name is for the vendor alone: a key that is there by chance must reach no other address."""
    if entry.base:
        return clear(f"{vendor}_{entry.group}_API_KEY")
    return OWN_KEYS.get(vendor, clear(f"{vendor}_API_KEY"))


def _key(entry: Entry, vendor: str, given: dict[tuple[str, str], str], taken: set[str]) -> Key:
    if _has_none(entry):
        return Key(None)
    value = entry.params["api_key"]
    if isinstance(value, str) and value.startswith(VARIABLE) and is_variable(variable(value)):
        return _of_variable(variable(value), entry.group)
    secret = (vendor, str(value))
    if secret not in given:
        given[secret] = free(_usual_name(entry, vendor), taken)
    return Key(given[secret], Told(SETTING, Fate.TO_DO, NOT_COPIED.format(entry, given[secret]), (entry.group,)))


def _of_variable(name: str, group: str) -> Key:
    if CLEAR.fullmatch(name) and len(name) <= LONGEST:
        return Key(name)
    says = f"such a variable is written in capitals here: put that key into the environment under {clear(name)}"
    return Key(clear(name), Told(SETTING, Fate.TO_DO, says, (group,)))


def variable(value: str) -> str:
    """The name in ``os.environ/NAME``."""
    return value.removeprefix(VARIABLE)


def clear(words: str) -> str:
    """A name of a variable, made of these words."""
    return re.sub(r"[^A-Z0-9]+", "_", words.upper())[:LONGEST].lstrip("0123456789_") or "API_KEY"


def free(name: str, taken: set[str], between: str = "_") -> str:
    """This name, or with a number the first that is not taken; it is taken then."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}{between}{number}"
    taken.add(found)
    return found
