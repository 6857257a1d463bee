"""The embedded PostgreSQL is durable, private to its password, and ends with its parent."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest
from orphans import is_gone, killed_parent, until
from own_ports import free_port

from infra.local.postgres import EmbeddedPostgres, is_attached
from infra.local.processes import PartNotReady


@pytest.fixture
def own_postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """One that a test may stop and kill. Below pytest's own directory, which nobody but its owner may enter."""
    with EmbeddedPostgres(tmp_path / "postgres", free_port()) as server:
        yield server


async def ask(postgres: EmbeddedPostgres, *statements: str) -> object:
    """The first value of the last statement's first row."""
    connection = await asyncpg.connect(postgres.address)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


async def test_it_is_durable_and_roomy(own_postgres: EmbeddedPostgres) -> None:
    assert await ask(own_postgres, "SHOW server_version_num") >= "180000"
    for setting, value in {"fsync": "on", "synchronous_commit": "on", "max_connections": "200"}.items():
        assert await ask(own_postgres, f"SHOW {setting}") == value
    assert await ask(own_postgres, "SHOW server_encoding") == "UTF8"
    assert await ask(own_postgres, "SHOW TimeZone") == "UTC"


async def test_it_listens_on_the_loopback_address_alone_and_not_as_root(own_postgres: EmbeddedPostgres) -> None:
    server = psutil.Process(own_postgres.pid)
    assert {(at.laddr.ip, at.laddr.port) for at in server.net_connections(kind="inet") if at.status == "LISTEN"} == {
        ("127.0.0.1", own_postgres.port)
    }
    assert server.uids().effective != 0


async def test_it_starts_again_once_the_last_session_of_a_killed_server_has_ended(
    own_postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = await asyncpg.connect(own_postgres.address)
    session = psutil.Process(await connection.fetchval("SELECT pg_backend_pid()"))
    looked = threading.Event()

    def looks(segment: str) -> bool:
        looked.set()
        return is_attached(segment)

    monkeypatch.setattr("infra.local.postgres.is_attached", looks)
    session.suspend()
    psutil.Process(own_postgres.pid).kill()
    own_postgres.stop()
    starting = asyncio.create_task(asyncio.to_thread(own_postgres.start))
    assert await asyncio.to_thread(looked.wait, 20)
    session.resume()
    await starting
    connection.terminate()
    assert await ask(own_postgres, "SELECT 1") == 1


async def test_data_and_password_outlive_a_stop_and_a_kill(own_postgres: EmbeddedPostgres) -> None:
    address = own_postgres.address
    await ask(own_postgres, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (1) RETURNING n")
    own_postgres.stop()
    own_postgres.start()
    assert own_postgres.address == address
    await ask(own_postgres, "INSERT INTO kept VALUES (2) RETURNING n")

    assert own_postgres.pid is not None
    os.kill(own_postgres.pid, signal.SIGKILL)
    until(lambda: own_postgres.pid is None)
    assert (own_postgres.data_dir / "data" / "postmaster.pid").exists()
    own_postgres.start()
    assert await ask(own_postgres, "SELECT array_agg(n ORDER BY n) FROM kept") == [1, 2]


@pytest.fixture
def stranger() -> Iterator[int]:
    """The process id of a program that is no PostgreSQL."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as program:
        yield program.pid
        program.communicate(b"\n")


async def test_a_stale_pid_file_with_the_number_of_another_program(
    own_postgres: EmbeddedPostgres, stranger: int
) -> None:
    own_postgres.stop()
    stale = f"{stranger}\n{own_postgres.data_dir}/data\n1700000000\n5432\n\n127.0.0.1\n"
    (own_postgres.data_dir / "data" / "postmaster.pid").write_text(stale)
    own_postgres.start()
    assert await ask(own_postgres, "SELECT 1") == 1


async def test_no_one_comes_in_without_the_password(own_postgres: EmbeddedPostgres) -> None:
    assert (own_postgres.data_dir / "password").stat().st_mode & 0o077 == 0
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(re.sub(r":[^:@/]+@", ":guess@", own_postgres.address))


async def test_values_stay_out_of_its_log(own_postgres: EmbeddedPostgres) -> None:
    connection = await asyncpg.connect(own_postgres.address)
    await connection.execute("CREATE TABLE answers (body text, n int CHECK (n > 0))")
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute("INSERT INTO answers VALUES ($1, $2)", "a private prompt", 0)
    await connection.close()
    assert "violates check constraint" in own_postgres.log.read_text()
    assert "a private prompt" not in own_postgres.log.read_text()


async def test_settings_of_the_caller_reach_the_server(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path, free_port(), settings={"work_mem": "5MB"}) as postgres:
        assert await ask(postgres, "SHOW work_mem") == "5MB"
    with pytest.raises(PartNotReady, match="no_such_setting"):
        EmbeddedPostgres(tmp_path, free_port(), settings={"no_such_setting": 1}).start()


async def test_an_interrupted_first_start_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "data.half").mkdir()
    (tmp_path / "data.half" / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(tmp_path, free_port()) as postgres:
        assert await ask(postgres, "SELECT 1") == 1


def test_it_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    starts = (
        "import sys; from pathlib import Path\n"
        "from infra.local.postgres import EmbeddedPostgres, is_attached; from infra.local.processes import free_port\n"
        "server = EmbeddedPostgres(Path(sys.argv[1]), free_port()); server.start(); print(server.pid, flush=True)"
    )
    with killed_parent(starts, str(tmp_path)) as family:
        until(lambda: all(is_gone(pid) for pid in family))
