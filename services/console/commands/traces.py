"""``trace``: a request's trace, drawn."""

import asyncio
import re
from typing import Annotated

import typer

from services.console.adapters.terminal.screen import Screen
from services.console.adapters.terminal.waterfalls import waterfall_json, waterfall_view
from services.console.app import ConsoleApp
from services.console.commands.options import AsJson, JaegerAt, LedgerAt, console_app
from services.console.commands.requests import request_named
from services.console.domain.failures import Refused
from services.console.domain.waterfall import Span, waterfall

TRACE_ID = re.compile(r"[0-9a-f]{32}")


def trace(
    name: Annotated[str, typer.Argument(metavar="ID", help="A trace id, a request id, or `last`.")],
    as_json: AsJson = False,
    jaeger: JaegerAt = None,
    ledger: LedgerAt = None,
) -> None:
    """Draw the waterfall of a request's trace.

    Read from Jaeger; a request id is looked up in the ledger.

    \b
    Examples:
      portfolio trace last
      portfolio trace 5f0c6c5e-6c1b-5d5e-9a53-0d2f3c7a8f11
      portfolio trace 0af7651916cd43dd8448eb211c80319c --json
    """
    trace_id, spans = asyncio.run(_trace(console_app(ledger=ledger, jaeger=jaeger), name.lower()))
    if not spans:
        raise Refused(f"Jaeger holds no trace {trace_id}: it keeps the latest only, and a new one takes a second")
    bars = waterfall(spans)
    Screen(as_json=as_json).show(waterfall_view(trace_id, bars), waterfall_json(trace_id, bars))


async def _trace(app: ConsoleApp, name: str) -> tuple[str, list[Span]]:
    trace_id = name if TRACE_ID.fullmatch(name) else await _trace_of_request(app, name)
    return trace_id, await app.jaeger.trace(trace_id)


async def _trace_of_request(app: ConsoleApp, name: str) -> str:
    request_id = await request_named(app.ledger, name)
    story = await app.ledger.story(request_id)
    if story is None:
        raise Refused(f"the ledger has not heard of request {request_id}: give the trace id itself")
    if not (trace_id := story["request"].get("trace_id")):
        raise Refused(f"the ledger knows no trace of request {request_id} yet")
    return trace_id
