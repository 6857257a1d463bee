"""What the console says of a service that is away, and of one that is slow."""

import socket

import pytest

from services.console.adapters.http_api import HttpApi
from services.console.domain.failures import CannotReach


async def test_a_service_that_is_slow_is_not_told_to_be_started() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        api = HttpApi("the ledger", f"http://127.0.0.1:{silent.getsockname()[1]}", "start it", 0.1)
        with pytest.raises(CannotReach, match=r"did not answer /summary within 0\.1 s: ask again, of a shorter time"):
            await api.get("/summary")


async def test_a_service_that_is_away_is_told_to_be_started() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(CannotReach, match=r"cannot be reached \(ConnectError\): start it"):
        await HttpApi("the ledger", f"http://127.0.0.1:{port}", "start it", 5).get("/summary")
