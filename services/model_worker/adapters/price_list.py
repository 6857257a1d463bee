"""LiteLLM's price list, read from the installed package: importing LiteLLM for it would take seconds and 180 MB.

Source: ``model_prices_and_context_window`` of LiteLLM, under the version of the package that brought it.
"""

import json
import logging
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from services.model_worker.domain.pricing import Rate, rate_from_list

log = logging.getLogger(__name__)
FILE = "model_prices_and_context_window_backup.json"


class PriceList:
    """Rates by the name that a provider knows a model by. Empty where LiteLLM is not installed."""

    def __init__(self) -> None:
        self._entries: dict[str, Any] | None = None
        self._version = ""

    def read(self) -> None:
        """Read the list, once. Blocks for some 50 ms: call it off the event loop."""
        if self._entries is not None:
            return
        package = find_spec("litellm")  # found, not imported
        if package is None or package.origin is None:
            self._entries = {}
            log.warning("no price list: install the extra model-worker-litellm, or give each endpoint a price")
            return
        self._entries = json.loads((Path(package.origin).parent / FILE).read_bytes())
        self._version = f"litellm-{version('litellm')}"

    def rate(self, model: str) -> Rate | None:
        """The rate of a model; ``None`` when the list has no price for it. Reads the list where nobody did.

        LiteLLM calls a model ``vendor/name``, and lists many by their names alone.
        """
        self.read()
        entries = self._entries or {}
        entry = entries.get(model) or entries.get(model.partition("/")[2])
        return rate_from_list(entry, self._version) if isinstance(entry, dict) else None
