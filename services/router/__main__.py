"""Run the router alone: ``python -m services.router``."""

import sys

from infra.entry import run
from services.router.app import RouterApp, build_app


async def _build() -> RouterApp:
    return build_app()


if __name__ == "__main__":
    sys.exit(run(_build))
