"""Run the gateway alone: ``python -m services.gateway``."""

import logging
import sys

from infra.entry import run
from infra.objects.config import ObjectsConfig
from infra.objects.own_folder import told_of_own_folder
from services.gateway.app import GatewayApp, build_app
from services.gateway.config import GatewayConfig

log = logging.getLogger(__name__)


async def _build() -> GatewayApp:
    if said := told_of_own_folder(ObjectsConfig()):
        log.warning(said)
    return build_app(GatewayConfig())


if __name__ == "__main__":
    sys.exit(run(_build))
