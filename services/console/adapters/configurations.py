"""Files of another proxy's configuration, each with those that it includes."""

import re
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
    first, *rest = _with_included(file, {})
    return merged(first, rest)


def _with_included(file: Path, seen: dict[Path, None]) -> Iterator[dict[str, Any]]:
    """Each file once, however they include each other; paths are as seen from the file that names them."""
    if file.resolve() in seen:
        return
    seen[file.resolve()] = None
    if len(seen) > MOST_FILES:
        raise Refused(f"{file}: more than {MOST_FILES} files include each other")
    config = _mapping_in(file)
    yield config
    for name in includes(config):
        yield from _with_included(file.parent / name, seen)


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
