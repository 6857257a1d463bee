"""The services that can run together in one process."""

from typing import Final

WORKERS: Final = "model_worker"
NAMES: Final = ("gateway", "profiler", "router", WORKERS, "validator", "escalation", "ledger")
