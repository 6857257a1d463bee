"""Run escalation alone: ``python -m services.escalation``."""

import sys

from infra.entry import run
from services.escalation.app import EscalationApp, build_app
from services.escalation.config import EscalationConfig


async def _build() -> EscalationApp:
    return build_app(EscalationConfig())


if __name__ == "__main__":
    sys.exit(run(_build))
