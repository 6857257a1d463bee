"""``init --from-litellm``: a portfolio from the configuration of a LiteLLM proxy."""

import pathlib
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from infra.price_list import read_prices
from schemas.portfolio import Portfolio
from schemas.variables import variables_of
from services.console.adapters.configurations import read_config
from services.console.adapters.terminal.screen import Screen
from services.console.adapters.terminal.settings import settings_table
from services.console.config import variables_set
from services.console.domain.failures import Refused
from services.console.domain.from_litellm.conversion import Converted, Source, converted
from services.console.domain.portfolio_file import read

NOTHING = "no model that the portfolio can serve stands in {}: model_list is empty, or holds wildcards or other modes"


def convert(config: pathlib.Path, output: pathlib.Path | None, write: Callable[[str], None], screen: Screen) -> None:
    """Write the portfolio of ``config``, and tell what was not simply carried over. ``output``: ``None`` for none."""
    prices = read_prices()
    source = Source(config.name, prices.entry, prices.version, datetime.now(UTC).date())
    found = converted(read_config(config), source)
    if found.document is None:
        _tell(screen, found, config, None, None)
        raise Refused(NOTHING.format(config), told=screen.as_json)
    portfolio = read(found.document).portfolio
    assert portfolio is not None, "what init writes is valid"  # noqa: S101
    write(found.document)
    if output is None and not screen.as_json:
        sys.stdout.write(found.document)
    else:
        _tell(screen, found, config, output, portfolio)


def _tell(
    screen: Screen, found: Converted, config: pathlib.Path, output: pathlib.Path | None, portfolio: Portfolio | None
) -> None:
    unset = _unset(portfolio)
    told: dict[str, Any] = {
        "config": str(config),
        "file": str(output) if output else None,
        "told": [each.as_json() for each in found.told],
        "names": [{"asked": asked, "is": kind, "name": name} for asked, kind, name in found.names],
        "variables_to_set": unset,
        "portfolio": found.document,
    }
    screen.show(settings_table(found.told), told)
    if portfolio is not None and output is not None:
        _tell_what_is_next(screen, found, output, unset)


def _unset(portfolio: Portfolio | None) -> list[str]:
    """The variables that its workers need, and that are not here; by their names alone."""
    needed = {name for each in (portfolio.providers.values() if portfolio else ()) for name in variables_of(each)}
    return sorted(needed - variables_set())


def _tell_what_is_next(screen: Screen, found: Converted, output: pathlib.Path, unset: list[str]) -> None:
    models = sum(kind == "model" for _, kind, _ in found.names)
    kinds = f"{models} as models, {len(found.names) - models} as lanes"
    screen.say(f"{output} is written: clients ask for {len(found.names)} names, {kinds}", "good")
    if unset:
        screen.say(f"not set here, and needed: {', '.join(unset)}")
    screen.say("next (docs/how-to/come-from-litellm.md):")
    for line in (f"portfolio check {output}", f"make up FILE={output}"):
        screen.say(f"  {line}")
