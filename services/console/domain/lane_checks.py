"""The settings of a lane's checks, held against what each check takes: every wrong one, with its place in the lane."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.check_settings import as_settings, read_settings, settings_of
from schemas.portfolio import CheckName
from schemas.references import Path, as_list, as_mapping
from services.console.domain.findings import nearest

KNOWN = frozenset(name.value for name in CheckName)
ITS_PACK_IS_A_REFERENCE = CheckName.POLICY


@dataclass(frozen=True, slots=True)
class WrongSetting:
    """A setting that its check cannot use. ``of_key``: its name is wrong, and not its value."""

    path: Path
    says: str
    of_key: bool = False


def wrong_settings(document: Mapping[str, Any]) -> Iterator[WrongSetting]:
    """All of them. Whatever has the wrong shape, or names no check, is told by others."""
    for lane, entry in as_mapping(document.get("lanes")).items():
        for index, check in enumerate(as_list(as_mapping(entry).get("checks"))):
            told = {check: None} if isinstance(check, str) else as_mapping(check)
            for name, settings in told.items():
                if name in KNOWN and name != ITS_PACK_IS_A_REFERENCE:
                    at: Path = ("lanes", lane, "checks", index)
                    yield from _of_check(at if isinstance(check, str) else (*at, name), name, settings)


def _of_check(path: Path, name: str, told: object) -> Iterator[WrongSetting]:
    takes = tuple(settings_of(name).model_fields)
    if told is not None and not isinstance(told, Mapping):
        yield WrongSetting(path, _by_name(name, takes))
        return
    try:
        read_settings(name, as_settings(told))
    except ValidationError as error:
        for each in error.errors(include_url=False, include_input=False):
            yield _wrong(path, name, takes, each)


def _wrong(path: Path, name: str, takes: tuple[str, ...], error: ErrorDetails) -> WrongSetting:
    at = (*path, *error["loc"])
    word = str(at[-1])
    if error["type"] == "extra_forbidden":
        says = f'{name} has no setting "{word}"{nearest(word, takes)}' if takes else f"{name} takes no settings"
        return WrongSetting(at, says, of_key=True)
    if error["type"] == "missing":
        return WrongSetting(path, f'{name} needs the setting "{word}"', of_key=True)
    says = error["msg"].removeprefix("Value error, ").replace("Input should", "should")
    return WrongSetting(at, f"{name}: {says}")


def _by_name(name: str, takes: tuple[str, ...]) -> str:
    return f"{name} takes its settings by name: {', '.join(takes)}" if takes else f"{name} takes no settings"
