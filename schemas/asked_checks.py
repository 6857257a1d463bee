"""Whether a check that a request asks for can be made, in words that hold nothing of the client's own.

One that cannot be made would let an answer pass that was never held to it: it is refused, and not left out.
"""

from collections.abc import Iterable
from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.check_settings import read_settings, settings_of
from schemas.content import Json
from schemas.places import LONGEST_SHOWN, shown, why_of
from schemas.portfolio import CheckName

NAMES = tuple(name.value for name in CheckName)
NO_NAME = 'a check is {"name": ...}, and its settings beside the name'
OF_LANES = "judge is a lane's to ask for: name a lane that does in portfolio.lane, or leave it out"


def why_no_check(check: Json) -> str | None:
    """What is wrong with a check of a request, and what is right; ``None`` where it can be made."""
    name = check.get("name")
    if not isinstance(name, str) or not name:
        return NO_NAME
    if name not in NAMES:
        return f"there is no check of this name: {_hint(name, NAMES)}"
    if name == CheckName.JUDGE:
        return OF_LANES
    settings = {setting: told for setting, told in check.items() if setting != "name"}
    if name == CheckName.AGREEMENT:
        return "agreement takes no settings in a request, which has it always" if settings else None
    return _why_not_so(name, settings)


def _why_not_so(name: str, settings: Json) -> str | None:
    try:
        read_settings(name, settings)
    except ValidationError as error:
        return _told(name, error.errors(include_url=False, include_input=False)[0])
    return None


def _told(name: str, error: ErrorDetails) -> str:
    takes = tuple(settings_of(name).model_fields)
    setting = shown(str(error["loc"][0])) if error["loc"] else ""
    if error["type"] == "extra_forbidden":
        return f"{name} has no such setting: {_hint(setting, takes)}" if takes else f"{name} takes no settings"
    if error["type"] == "missing":
        return f"{name} needs the setting {setting}"
    return f"{name}{f'.{setting}' if setting else ''}: {why_of(error)}"


def _hint(word: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = get_close_matches(word, names, 1) if len(word) <= LONGEST_SHOWN else []
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
