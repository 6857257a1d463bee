"""Prometheus and its promtool, from the path or from where `make prometheus` puts them."""

import shutil

import pytest

from infra.local.cache import user_cache


def program(name: str) -> str:
    """Where it is. The test is skipped where it is not, which is no good reason in CI."""
    unpacked = user_cache("prometheus") / "usr" / "bin" / name
    found = shutil.which(name) or (str(unpacked) if unpacked.exists() else None)
    if found is None:
        pytest.skip(f"{name} is absent: `make prometheus` fetches it")
    return found
