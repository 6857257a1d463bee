"""The jars of Apache Kafka, each pinned by its SHA-256 in `kafka-jars.lock`, kept in the user's cache.

`python -m infra.local.kafka_jars` fetches them; `python -m infra.local.kafka_jars lock` resolves them anew from
their Maven coordinates and rewrites the lock.
"""

import hashlib
import logging
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import requests
from jgo.maven import Artifact, MavenContext

from infra.local.cache import one_at_a_time, user_cache
from infra.local.processes import PartError

# Resolved apart: together, log4j's own dependency management picks an old kafka-clients.
ROOTS = ("org.apache.kafka:kafka_2.13:4.1.1", "org.apache.logging.log4j:log4j-slf4j-impl:2.25.2")
LOCK = Path(__file__).with_name("kafka-jars.lock")
DOWNLOADS_AT_ONCE = 4

_log = logging.getLogger(__name__)


class JarsNotAvailable(PartError):
    """A jar could not be downloaded."""

    def __init__(self, jar: str, reason: str) -> None:
        self.jar = jar
        super().__init__(
            f"Kafka's jar {jar} could not be downloaded ({reason}). Check the network and HTTPS_PROXY, or set "
            f"KAFKA_BOOTSTRAP_SERVERS to a Kafka that runs elsewhere"
        )


class JarMismatch(PartError):
    """A jar was downloaded twice, and is not the one that the lock names."""

    def __init__(self, jar: str, wanted: str, found: str) -> None:
        self.jar, self.wanted, self.found = jar, wanted, found
        super().__init__(
            f"Kafka's jar {jar} has SHA-256 {found}, but {LOCK.name} wants {wanted}: something between here and its "
            f"repository changes downloads. Nothing of it was run"
        )


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of the lock: `coordinate` is group:artifact:version, `sha256` is lower-case hexadecimal."""

    coordinate: str
    sha256: str


def kafka_jars() -> list[Path]:
    """Paths of all the jars, downloaded when absent and verified whenever one was.

    Raises `JarsNotAvailable` and `JarMismatch`.
    """
    jars = read_lock(LOCK.read_text())
    cache = user_cache("kafka", hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12])
    verified = cache / "verified"  # written last, so that an interrupted download is found and mended
    with one_at_a_time(cache):
        if not verified.exists():
            _log.info("downloading Apache Kafka, %d jars, 46 MB, once", len(jars))
            with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
                list(pool.map(lambda jar: fetch(jar, MavenContext(repo_cache=cache)), jars))
            verified.touch()
    context = MavenContext(repo_cache=cache, offline=True)
    return [_artifact(jar, context).resolve() for jar in jars]


def fetch(jar: Jar, context: MavenContext) -> Path:
    """Download one jar; a file that is not what the lock wants, such as half of one, is fetched once more."""
    artifact = _artifact(jar, context)
    path = _download(artifact)
    if sha256(path) != jar.sha256:
        path.unlink()
        path = _download(artifact)
    if (found := sha256(path)) != jar.sha256:
        path.unlink()
        raise JarMismatch(jar.coordinate, jar.sha256, found)
    return path


def _download(artifact: Artifact) -> Path:
    try:
        return artifact.resolve()
    except (requests.RequestException, RuntimeError) as error:  # the resolver says "not found" by a RuntimeError
        if artifact.cached_path:
            artifact.cached_path.unlink(missing_ok=True)
        raise JarsNotAvailable(str(artifact), type(error).__name__) from error


def _artifact(jar: Jar, context: MavenContext) -> Artifact:
    group, name, version = jar.coordinate.split(":")
    return context.project(group, name).at_version(version).artifact()


def sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_lock(text: str) -> list[Jar]:
    """The jars of a lock's text, in its order; `#` begins a comment line."""
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return [Jar(coordinate, digest.removeprefix("sha256:")) for coordinate, digest in lines]


def resolve(roots: Iterable[str], context: MavenContext) -> dict[str, Artifact]:
    """All artifacts that the roots need at run time, the newest version of each, by `group:artifact`."""
    newest: dict[str, Artifact] = {}
    for root in roots:
        dependency = context.create_dependency(f"{root}")
        dependency.scope = "compile"
        own, needed = context.resolver.resolve([dependency])
        for found in [*own, *(each for each in needed if each.scope in ("compile", "runtime"))]:
            name = f"{found.groupId}:{found.artifactId}"
            if name not in newest or _numbers(found.version) > _numbers(newest[name].version):
                newest[name] = found.artifact
    return newest


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.replace("-", ".").split(".") if part.isdigit()]


def write_lock() -> None:
    with one_at_a_time(user_cache("kafka-lock")):
        artifacts = resolve(ROOTS, MavenContext(repo_cache=user_cache("kafka-lock")))
        lines = [f"{name}:{found.version} sha256:{sha256(found.resolve())}" for name, found in sorted(artifacts.items())]
    made_by = "# Made by `python -m infra.local.kafka_jars lock` from " + " and ".join(ROOTS)
    LOCK.write_text("\n".join([made_by, *lines]) + "\n")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if sys.argv[1:] == ["lock"]:
        write_lock()
    print(f"{len(kafka_jars())} jars of Apache Kafka are ready")
