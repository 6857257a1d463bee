"""Files of another proxy's configuration, each with those that it includes."""

import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.console.domain.document import parse
from services.console.domain.failures import Misused, Refused
from services.console.domain.from_litellm.config import includes, merged

MOST_FILES = 100
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
"""What a parser quotes may be a key that stands where YAML wants something else."""


def read_config(file: Path) -> dict[str, Any]:
    """The whole configuration. Raises :class:`Misused` for a file that is not there, :class:`Refused` for no YAML."""
    first, *rest = _with_included(file)
    return merged(first, rest)


def _with_included(root: Path) -> Iterator[dict[str, Any]]:
    """Each file once, however they include each other: all that one names before what these name, as LiteLLM does."""
    waiting, seen = deque([root]), {root.resolve()}
    while waiting:
        file = waiting.popleft()
        config = _mapping_in(file)
        yield config
        for name in includes(config):
            found = _included(name, file, root)
            if found.resolve() not in seen:
                seen.add(found.resolve())
                waiting.append(found)
        if len(seen) > MOST_FILES:
            raise Refused(f"{root}: more than {MOST_FILES} files include each other")


def _included(name: str, file: Path, root: Path) -> Path:
    """As seen from the file that names it; else, where nothing is there, from the first of all."""
    if "\0" in name:
        raise Misused(f"{file}: a name in include holds a character that no file's name has")
    beside, at_root = file.parent / name, root.parent / name
    return at_root if at_root.exists() and not beside.exists() else beside


def _mapping_in(file: Path) -> dict[str, Any]:
    document = parse(_text_of(file))
    if document.findings:
        found = document.findings[0]
        at = f"{file}:{found.place.line}:{found.place.column}"
        raise Refused(f"{at}: {QUOTED.sub('...', found.says)}")
    if document.mapping is None:
        raise Refused(f"{file}: a configuration of LiteLLM is a mapping: model_list, router_settings, ...")
    return document.mapping


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise Misused(f"{file} cannot be read: {why}") from error
