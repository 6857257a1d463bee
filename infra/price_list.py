"""LiteLLM's price list, read from the installed package: importing LiteLLM for it would take seconds and 180 MB.

Source: ``model_prices_and_context_window`` of LiteLLM, under the version of the package that brought it.
"""

import json
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FILE = "model_prices_and_context_window_backup.json"


@dataclass(frozen=True, slots=True)
class ListedPrices:
    """The list's entries, and its version. Both are empty where LiteLLM is not installed."""

    entries: dict[str, Any] = field(default_factory=dict[str, Any])
    version: str = ""

    def entry(self, model: str) -> dict[str, Any] | None:
        """What the list says of a model. LiteLLM calls it ``vendor/name``, and lists many by their names alone."""
        found = self.entries.get(model) or self.entries.get(model.partition("/")[2])
        return found if isinstance(found, dict) else None


def read_prices() -> ListedPrices:
    """Read the list. Blocks for some 50 ms: call it off the event loop."""
    package = find_spec("litellm")  # found, not imported
    if package is None or package.origin is None:
        return ListedPrices()
    entries = json.loads((Path(package.origin).parent / FILE).read_bytes())
    return ListedPrices(entries, f"litellm-{version('litellm')}")
