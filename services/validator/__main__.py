"""Run the validator alone: ``python -m services.validator``."""

import sys

from infra.entry import run
from services.validator.app import ValidatorApp, build_app
from services.validator.config import ValidatorConfig


async def _build() -> ValidatorApp:
    return build_app(ValidatorConfig())


if __name__ == "__main__":
    sys.exit(run(_build))
