"""``serve``: the console's pages, until Ctrl-C."""

import typer

from services.console.commands.options import JaegerAt, KafkaAt, LedgerAt, console_app
from services.console.config import PagesConfig
from services.console.domain.failures import CommandFailed


def serve(kafka: KafkaAt = None, ledger: LedgerAt = None, jaeger: JaegerAt = None) -> None:
    """Serve the console's pages: overview, requests, portfolio, reviews, dead letters and health.

    Settings are CONSOLE_HOST, CONSOLE_PORT (8082), CONSOLE_KEYS (NAME:ROLE:SHA256, apart by commas; roles are
    viewer, operator and admin) and CONSOLE_HEALTH_URLS. Nobody can sign in without CONSOLE_KEYS.

    \b
    Example:
      CONSOLE_KEYS="me:admin:$(printf %s "$KEY" | sha256sum | cut -c1-64)" portfolio serve
    """
    from infra.entry import run  # uvloop, uvicorn and the templates are for this command alone
    from services.console.commands.desk import ConsolePages, build_pages

    async def build() -> ConsolePages:
        return build_pages(console_app(kafka, ledger, jaeger), PagesConfig())

    if status := run(build):
        raise CommandFailed("the pages are served no more: the log says why") if status == 1 else typer.Exit(status)
