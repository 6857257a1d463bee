"""Run the gateway alone: ``python -m services.gateway``."""

import sys

from infra.entry import run
from services.gateway.app import GatewayApp, build_app
from services.gateway.config import GatewayConfig


async def _build() -> GatewayApp:
    return build_app(GatewayConfig())


if __name__ == "__main__":
    sys.exit(run(_build))
