"""Secrets that are mounted as files, named after the variables that they stand for: Docker's and Kubernetes' way."""

import os
import re
from collections.abc import MutableMapping
from pathlib import Path

FOLDER = Path("/run/secrets")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")


def take_mounted_secrets(folder: Path | None = None, environment: MutableMapping[str, str] = os.environ) -> list[str]:
    """Put each into the environment, before any setting is read; a file is nearer than a variable. Their names.

    An empty one is for what is not used: it takes nothing away that a variable says.
    """
    folder = FOLDER if folder is None else folder
    if not folder.is_dir():
        return []
    found = sorted(path for path in folder.iterdir() if _VARIABLE.fullmatch(path.name) and path.is_file())
    told = {path.name: path.read_text().strip() for path in found}
    taken = {name: secret for name, secret in told.items() if secret or name not in environment}
    environment.update(taken)
    return list(taken)
