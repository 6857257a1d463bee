"""Jaeger takes spans by OTLP and gives the trace back; without one, there is a way to get it."""

import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from jaeger_at_work import built, export, read, span
from orphans import is_gone, killed_parent, until
from own_ports import free_port

from infra.local.jaeger import EmbeddedJaeger, JaegerNotBuilt, jaeger_binary
from infra.local.jaeger.build import (
    MODULE,
    MODULE_VERSION,
    OLDEST_GO,
    BuildFailed,
    GoMissing,
    find_go,
    go_version,
    run_go,
)


@pytest.fixture(scope="module")
def jaeger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedJaeger]:
    with EmbeddedJaeger(tmp_path_factory.mktemp("jaeger"), free_port(), free_port()) as server:
        yield server


@built
def test_a_trace_comes_back_whole(jaeger: EmbeddedJaeger) -> None:
    trace_id = secrets.token_hex(16)
    root = span(trace_id, "publish request.submitted")
    export(jaeger, "gateway", root)
    export(jaeger, "profiler", span(trace_id, "process request.submitted", parent=root["spanId"]))
    until(lambda: len(read(jaeger, trace_id)) == 2)
    by_name = {found["operationName"]: found for found in read(jaeger, trace_id)}
    [reference] = by_name["process request.submitted"]["references"]
    assert (reference["refType"], reference["spanID"]) == ("CHILD_OF", root["spanId"])


@built
def test_it_forgets_the_oldest_traces_beyond_its_limit(tmp_path: Path) -> None:
    with EmbeddedJaeger(tmp_path, free_port(), free_port(), max_traces=2) as small:
        ids = [secrets.token_hex(16) for _ in range(3)]
        for trace_id in ids:
            export(small, "gateway", span(trace_id, "a"))
            until(lambda trace_id=trace_id: len(read(small, trace_id)) == 1)
        assert [len(read(small, trace_id)) for trace_id in ids] == [0, 1, 1]


@built
def test_it_opens_nothing_beyond_the_loopback_address(jaeger: EmbeddedJaeger) -> None:
    opened = psutil.Process(jaeger.pid).net_connections(kind="inet")
    assert {at.laddr.ip for at in opened} == {"127.0.0.1"}
    assert {jaeger.otlp_port, jaeger.query_port} <= {at.laddr.port for at in opened if at.status == "LISTEN"}


@built
def test_it_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    starts = (
        "import sys; from pathlib import Path\n"
        "from infra.local.jaeger import EmbeddedJaeger; from infra.local.processes import free_port\n"
        "server = EmbeddedJaeger(Path(sys.argv[1]), free_port(), free_port()); server.start()\n"
        "print(server.pid, flush=True)"
    )
    with killed_parent(starts, str(tmp_path)) as family:
        until(lambda: all(is_gone(pid) for pid in family))


def test_without_a_built_one_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert jaeger_binary() is None
    with pytest.raises(JaegerNotBuilt, match="make jaeger"):
        EmbeddedJaeger(tmp_path, free_port(), free_port()).start()


def test_the_source_is_pinned_to_the_version_named() -> None:
    module = (MODULE / "go.mod").read_text()
    assert f"github.com/jaegertracing/jaeger v{MODULE_VERSION}\n" in module
    assert re.search(r"^go (\d+)\.(\d+)", module, re.MULTILINE).groups() == tuple(str(part) for part in OLDEST_GO)
    assert f"github.com/jaegertracing/jaeger v{MODULE_VERSION} h1:" in (MODULE / "go.sum").read_text()


@pytest.fixture
def only_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with one program called go, which the test writes, and no wheel with another."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("infra.local.jaeger.build.find_spec", lambda name: None)
    return tmp_path / "go"


@pytest.mark.parametrize(("says", "version"), [("go1.26.8", (1, 26, 8)), ("go1.22", (1, 22)), ("what?", ())])
def test_a_go_is_asked_for_its_version(only_go: Path, says: str, version: tuple[int, ...]) -> None:
    only_go.write_text(f"#!/bin/sh\necho '{says}'\n")
    only_go.chmod(0o755)
    assert go_version(only_go) == version
    if version >= OLDEST_GO:
        assert find_go(only_go.parent)[0] == only_go
    else:
        with pytest.raises(GoMissing, match=r"Go 1\.25"):
            find_go(only_go.parent)


def test_no_go_at_all_is_said(only_go: Path) -> None:
    with pytest.raises(GoMissing, match="make jaeger"):
        find_go(only_go.parent)


def test_a_failed_build_shows_what_go_said_last(only_go: Path) -> None:
    only_go.write_text("#!/bin/sh\necho 'no space left on device' >&2\nexit 1\n")
    only_go.chmod(0o755)
    with pytest.raises(BuildFailed, match="no space left"):
        run_go([str(only_go), "build"], {}, show_every=None)
