"""``python -m infra.local services``: services in one process, over parts whose addresses are given."""

import logging
import os
from collections.abc import Collection

from infra.entry import run_until_told
from infra.local.parts import VARIABLES, Addresses
from infra.local.places import GATEWAY_PORT, LEDGER_PORT
from infra.local.services import AllServices, build_all, current_portfolio, told_of_unset
from infra.metrics.config import HealthConfig

log = logging.getLogger(__name__)


def run_chosen(only: Collection[str]) -> int:
    """Run these until told to stop; the exit code."""
    return run_until_told(lambda: _built(only))


async def _built(only: Collection[str]) -> AllServices:
    given = {name: os.environ.get(variable, "") for name, variable in VARIABLES.items()}
    addresses = Addresses(given["kafka"], given["database"], given["model"], given["otlp"] or None, None)
    gateway = int(os.environ.get("GATEWAY_PORT", GATEWAY_PORT))
    ledger = int(os.environ.get("LEDGER_PORT", LEDGER_PORT))
    services = build_all(await current_portfolio(addresses), addresses, gateway, ledger, HealthConfig().port, only)
    for provider, variables in services.unset.items():
        log.warning(told_of_unset(provider, variables))
    return services
