"""Run the ledger alone: ``python -m services.ledger``."""

import sys

from infra.entry import run
from services.ledger.app import LedgerApp, build_app
from services.ledger.config import LedgerConfig


async def _build() -> LedgerApp:
    return build_app(LedgerConfig())


if __name__ == "__main__":
    sys.exit(run(_build))
