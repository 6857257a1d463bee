"""``init``: a first portfolio, from the keys and the servers of models that are here."""

import asyncio
import pathlib
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

import typer

from infra.price_list import read_prices
from services.console.adapters.local_servers import LocalServers
from services.console.adapters.terminal.screen import Screen
from services.console.commands.from_litellm import convert
from services.console.commands.options import AsJson
from services.console.commands.portfolios import FILE
from services.console.config import LocalServersConfig, configured_servers, variables_set
from services.console.domain.failures import Misused, Refused
from services.console.domain.local_models import OLLAMA_PORT, VLLM_PORT, address
from services.console.domain.portfolio_file import read
from services.console.domain.starter import Found, starter, told
from services.console.domain.vendors import KEYS, vendors_with_keys

STDOUT = "-"
SOON_S = 2.0
Output = Annotated[pathlib.Path, typer.Option("--output", "-o", help="Where to write it; - is standard output.")]
Force = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]
OllamaAt = Annotated[str | None, typer.Option("--ollama", metavar="URL", help="Ollama; else OLLAMA_HOST, else here.")]
FromLitellm = Annotated[
    pathlib.Path | None,
    typer.Option("--from-litellm", metavar="CONFIG", help="Convert the config.yaml of a LiteLLM proxy instead."),
]
VllmAt = Annotated[str, typer.Option("--vllm", metavar="URL", help="vLLM.", show_default=False)]


def init(
    output: Output = FILE,
    force: Force = False,
    ollama: OllamaAt = None,
    vllm: VllmAt = "",
    from_litellm: FromLitellm = None,
    as_json: AsJson = False,
) -> None:
    """Write a first portfolio, from the keys and the models that are here.

    Looks for the keys of well-known vendors in the environment (by name; no key is read, sent or written), and asks
    Ollama and vLLM on this machine for their models. Prices are those of LiteLLM's list. From the configuration of a
    LiteLLM proxy it writes the same models under the same names, and tells each setting that has no counterpart.

    \b
    Examples:
      portfolio init
      portfolio init --output my.yaml --force
      portfolio init --from-litellm config.yaml --output my.yaml
      portfolio init --output - --json
    """
    to_screen = str(output) == STDOUT
    if not to_screen and output.exists() and not force:
        raise Refused(f"{output} is there already: give --force to write over it, or --output for another name")
    screen = Screen(as_json=as_json)
    if from_litellm is not None:
        _convert(from_litellm, None if to_screen else output, screen, looks_around=bool(ollama or vllm))
        return
    found = asyncio.run(look_around(configured_servers(), ollama, vllm))
    if not found.usable:
        _tell_what_to_do(screen, found)
        raise Refused("no model was found to write a portfolio for", told=True)
    document = starter(found)
    if not to_screen:
        _write(output, document)
    if as_json:
        screen.tell({**_as_json(found), "file": None if to_screen else str(output), "portfolio": document})
    elif to_screen:
        sys.stdout.write(document)
    else:
        _tell_of_it(screen, found, output, document)


def _convert(config: pathlib.Path, output: pathlib.Path | None, screen: Screen, *, looks_around: bool) -> None:
    if looks_around:
        raise Misused("--from-litellm reads the configuration alone: leave --ollama and --vllm out")
    convert(config, output, partial(_write, output) if output else lambda _: None, screen)


async def look_around(config: LocalServersConfig, ollama: str | None, vllm: str) -> Found:
    """The keys and the servers that are here. Raises :class:`Misused` where an address cannot be one."""
    key = config.vllm_key.get_secret_value() or None
    asked = (_address(ollama or config.ollama, OLLAMA_PORT), _address(vllm, VLLM_PORT))
    servers = await LocalServers(SOON_S, config.window, key).ask(*asked)
    prices = await asyncio.to_thread(read_prices)
    today = datetime.now(UTC).date()
    return Found(servers, vendors_with_keys(variables_set(), prices.entry, today), prices.version, today)


def _address(told: str, port: int) -> str:
    try:
        return address(told, port)
    except ValueError:
        raise Misused(f"an address is a host, or a URL such as http://127.0.0.1:{port}: it is neither") from None


def _write(output: pathlib.Path, document: str) -> None:
    try:
        output.write_text(document)
    except OSError as error:
        raise Misused(f"{output} cannot be written: {error.strerror or type(error).__name__}") from error


def _tell_of_it(screen: Screen, found: Found, output: pathlib.Path, document: str) -> None:
    for line in told(found):
        screen.say(f"found: {line}")
    portfolio = read(document).portfolio
    assert portfolio is not None, "what init writes is valid"  # noqa: S101
    screen.say(f"{output} is written: {len(portfolio.models)} models, {len(portfolio.lanes)} lanes", "good")
    screen.say("next:")
    for line in (
        f"portfolio check {output}",
        f"make up FILE={output}",
        'portfolio ask "How many days has a leap year?"',
    ):
        screen.say(f"  {line}")


def _tell_what_to_do(screen: Screen, found: Found) -> None:
    if screen.as_json:
        screen.tell({**_as_json(found), "file": None, "portfolio": None})
    for line in told(found):
        screen.say(f"found: {line}")
    screen.say("No key of a vendor is set, and no server with a model answers here. Do one of these, and run it again:")
    screen.say(f"  export a vendor's key: {', '.join(KEYS)}")
    screen.say("  start Ollama with a model: ollama serve, then ollama pull llama3.2 (elsewhere: --ollama URL)")
    screen.say("  start vLLM: vllm serve MODEL (elsewhere: --vllm URL)")
    screen.say("Without any of these, `make demo` shows the pipeline with a small model of its own.")


def _as_json(found: Found) -> dict[str, Any]:
    """Names of variables only; what stood in them was never read."""
    vendors = [
        {"vendor": each.vendor.name, "key": each.key, "models": [m.model for m in (each.small, each.strong) if m]}
        for each in found.vendors
    ]
    return {
        "servers": [asdict(each) for each in found.servers],
        "vendors": vendors,
        "price_list": found.price_list or None,
    }
