"""Run one provider's worker alone: ``python -m services.model_worker --provider acme``."""

import argparse
import sys
from collections.abc import Sequence

from infra.entry import run
from services.model_worker.app import ModelWorkerApp, build_app
from services.model_worker.config import ModelWorkerConfig


def config_of(arguments: Sequence[str]) -> ModelWorkerConfig:
    """The settings: what the command line says, then the environment."""
    parser = argparse.ArgumentParser(prog="python -m services.model_worker", description=__doc__)
    parser.add_argument("--provider", help="a provider of the portfolio (MODEL_WORKER_PROVIDER)")
    parser.add_argument("--concurrency", type=int, help="calls at once, instead of the portfolio's")
    told = {name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None}
    return ModelWorkerConfig(**told)


async def _build() -> ModelWorkerApp:
    return build_app(config_of(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(run(_build))
