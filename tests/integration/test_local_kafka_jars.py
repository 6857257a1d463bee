"""Kafka's jars are the ones that were locked, or nothing runs."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from jgo.maven import MavenContext, PythonResolver

from infra.local.kafka_jars import LOCK, ROOTS, Jar, JarMismatch, JarsNotAvailable, fetch, kafka_jars, read_lock

WHOLE = b"a jar, whole"
LOCKED = Jar("org.acme:thing:1.0", hashlib.sha256(WHOLE).hexdigest())
PATH = "/org/acme/thing/1.0/thing-1.0.jar"


class Repository(ThreadingHTTPServer):
    """A Maven repository on the loopback address that gives the bodies in `answers` one after another, then 404."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        super().__init__(("127.0.0.1", 0), Answer)


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Repository)
        body = self.server.answers.pop(0) if self.path == PATH and self.server.answers else None
        self.send_response(404 if body is None else 200)
        self.send_header("content-length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def repository() -> Iterator[Repository]:
    with Repository() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def context(repository: Repository, tmp_path: Path) -> MavenContext:
    remote = {"acme": f"http://127.0.0.1:{repository.server_port}"}
    return MavenContext(repo_cache=tmp_path, remote_repos=remote, resolver=PythonResolver())


def test_a_jar_is_fetched_once_and_kept(repository: Repository, context: MavenContext) -> None:
    repository.answers = [WHOLE]
    assert fetch(LOCKED, context).read_bytes() == WHOLE
    assert fetch(LOCKED, context).read_bytes() == WHOLE  # the repository would say 404 now


def test_half_a_jar_is_fetched_again(repository: Repository, context: MavenContext) -> None:
    repository.answers = [WHOLE[:5], WHOLE]
    assert fetch(LOCKED, context).read_bytes() == WHOLE


def test_another_jar_is_refused_and_not_kept(repository: Repository, context: MavenContext, tmp_path: Path) -> None:
    repository.answers = [b"something else", b"something else"]
    with pytest.raises(JarMismatch, match=LOCKED.sha256):
        fetch(LOCKED, context)
    assert not (tmp_path / PATH.strip("/")).exists()


def test_an_absent_jar_names_the_ways_out(context: MavenContext) -> None:
    with pytest.raises(JarsNotAvailable, match="KAFKA_BOOTSTRAP_SERVERS"):
        fetch(LOCKED, context)


def test_the_lock_holds_what_was_asked_for_and_each_jar_once() -> None:
    coordinates = [jar.coordinate for jar in read_lock(LOCK.read_text())]
    names = [coordinate.rpartition(":")[0] for coordinate in coordinates]
    assert set(ROOTS) <= set(coordinates)
    assert len(names) == len(set(names))
    assert "org.apache.kafka:kafka-clients:4.1.1" in coordinates


def test_the_jars_in_the_cache_are_the_locked_ones() -> None:
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in kafka_jars()]
    assert digests == [jar.sha256 for jar in read_lock(LOCK.read_text())]
