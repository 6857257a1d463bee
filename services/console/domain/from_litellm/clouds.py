"""What a deployment tells of its cloud, and its headers, as a provider's entry says them: no secret, and no value of a
header, goes further than this module.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pydantic import ValidationError

from schemas.connection import CLOUDS, OWN_HEADERS, Settings, SettingsEnv, cloud_of
from schemas.entry import NAMED
from schemas.references import as_mapping
from services.console.domain.from_litellm.config import VARIABLE, Entry
from services.console.domain.from_litellm.keys import CLEAR, LONGEST, clear, free, variable
from services.console.domain.from_litellm.shown import is_variable, may_be_a_key
from services.console.domain.from_litellm.told import Fate, Told

HEADERS = ("headers", "extra_headers")
IDS = ("tenant_id", "client_id")
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
NOT_COPIED = (
    "what stands in the configuration (model_list[{0.place}]) was not copied: put it into the environment as {1}"
)
IN_CAPITALS = "such a variable is written in capitals here: put it into the environment as {}"
NO_TEXT = "it is no text here, and is left out; write it as one"
ELSEWHERE = "it tells nothing to a model of this vendor, and is left out"
DIRECT = "where an address is told OpenAI's API is spoken without LiteLLM: write it into headers_env or base_url"
NO_HEADER = "headers are a mapping of names to texts, and none that a worker says itself: the others are left out"


@dataclass(frozen=True, slots=True)
class Cloud:
    """Names and values of ``settings``; names and variables of ``settings_env`` and of ``headers_env``."""

    settings: tuple[tuple[str, str], ...] = ()
    settings_env: tuple[tuple[str, str], ...] = ()
    headers_env: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Names:
    """The variables that are taken, and those that were given to values: the same value has one."""

    taken: set[str]
    given: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])

    def of(self, entry: Entry, vendor: str, setting: str, value: str) -> tuple[str, str | None]:
        """The variable that a value is put under, and what there is to be done, if anything."""
        named = variable(value) if value.startswith(VARIABLE) else ""
        if is_variable(named):
            is_clear = CLEAR.fullmatch(named) is not None and len(named) <= LONGEST
            return clear(named), None if is_clear else IN_CAPITALS.format(clear(named))
        if (setting, value) not in self.given:
            self.given[setting, value] = free(clear(f"{vendor}_{entry.group}_{setting}"), self.taken)
        name = self.given[setting, value]
        return name, NOT_COPIED.format(entry, name)


def clouds_of(
    entries: Sequence[Entry], vendors: Sequence[str], direct: Sequence[bool], taken: Iterable[str]
) -> tuple[list[Cloud], list[Told]]:
    """Of each deployment, in their order, and what is to be said. ``direct``: whether it is asked without LiteLLM."""
    names, told, found = Names({*taken}), list[Told](), list[Cloud]()
    for entry, vendor, is_direct in zip(entries, vendors, direct, strict=True):
        cloud = _Cloud(entry, vendor, names, is_direct=is_direct)
        found.append(cloud.read())
        told += cloud.told
    return found, told


class _Cloud:
    """Reads one deployment."""

    def __init__(self, entry: Entry, vendor: str, names: Names, *, is_direct: bool) -> None:
        self._entry, self._vendor, self._names, self._is_direct = entry, vendor, names, is_direct
        self._settings: dict[str, str] = {}
        self._settings_env: dict[str, str] = {}
        self.told: list[Told] = []

    def read(self) -> Cloud:
        for name in SettingsEnv.model_fields:
            if (value := self._entry.params.get(name)) not in (None, ""):
                self._read(name, value)
        headers = dict(self._headers())
        return Cloud(*(tuple(each.items()) for each in (self._settings, self._settings_env, headers)))

    def _read(self, name: str, value: Any) -> None:
        if self._is_direct:
            self._tell(name, DIRECT)
        elif not self._fits(cloud_of(name)):
            self._tell(name, ELSEWHERE)
        elif isinstance(value, bool) or not isinstance(value, str | int | float | date):
            self._tell(name, NO_TEXT)
        elif _may_be_shown(name, str(value)):
            self._settings[name] = str(value)
        else:
            self._settings_env[name] = self._variable(name, str(value), name)

    def _fits(self, cloud: str) -> bool:
        """Where nobody knows whose the model is, the first setting says it: a provider has those of one cloud."""
        if self._vendor:
            return self._vendor in CLOUDS[cloud]
        return all(cloud_of(name) == cloud for name in (*self._settings, *self._settings_env))

    def _variable(self, setting: str, value: str, name: str) -> str:
        found, says = self._names.of(self._entry, self._vendor, name, value)
        if says:
            self._tell(setting, says)
        return found

    def _headers(self) -> Iterator[tuple[str, str]]:
        seen: set[str] = set()
        for setting in HEADERS:
            told = self._entry.params.get(setting)
            found = as_mapping(told)
            if told and not found:
                self._tell(setting, NO_HEADER)
            for name, value in found.items():
                if not self._is_header(name, value) or name.lower() in seen:
                    self._tell(setting, NO_HEADER)
                    continue
                seen.add(name.lower())
                yield name, self._variable(setting, value, name)

    def _is_header(self, name: object, value: object) -> bool:
        """A header's name may stand in the document; one that may be a key in a name's place may not."""
        if not isinstance(name, str) or not isinstance(value, str) or not value:
            return False
        is_keys = name.lower() == "authorization" and self._entry.params.get("api_key") is not None
        is_free = name.lower() not in OWN_HEADERS and not is_keys
        return is_free and re.fullmatch(NAMED, name) is not None and not may_be_a_key(name)

    def _tell(self, setting: str, says: str) -> None:
        self.told.append(Told(f"litellm_params.{setting}", Fate.TO_DO, says, (self._entry.group,)))


def _may_be_shown(name: str, value: str) -> bool:
    """Whether a value is one that a portfolio may hold, and no secret in its place."""
    is_id = name in IDS and UUID.fullmatch(value) is not None
    if name not in Settings.model_fields or (may_be_a_key(value) and not is_id):
        return False
    try:
        Settings.of({name: value})
    except ValidationError:
        return False
    return True
