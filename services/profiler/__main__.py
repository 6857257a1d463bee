"""Run the profiler alone: ``python -m services.profiler``."""

import sys

from infra.entry import run
from services.profiler.app import ProfilerApp, build_app
from services.profiler.config import ProfilerConfig


async def _build() -> ProfilerApp:
    return build_app(ProfilerConfig())


if __name__ == "__main__":
    sys.exit(run(_build))
