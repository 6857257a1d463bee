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
from typing import TYPE_CHECKING

from infra.local.cache import one_at_a_time, user_cache
from infra.local.processes import PartError

if TYPE_CHECKING:
    from jgo.maven import Artifact, MavenContext

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
    """Paths of all the jars, downloaded and verified when absent. Raises `JarsNotAvailable` and `JarMismatch`."""
    cache = user_cache("kafka", sha256(LOCK)[:12])
    verified = cache / "verified"  # written last, so that an interrupted download is found and mended
    with one_at_a_time(cache):
        if not verified.exists():
            paths = fetch_all(read_lock(LOCK.read_text()), cache)
            half = cache / "verified.half"
            half.write_text("".join(f"{path.relative_to(cache)}\n" for path in paths))
            half.replace(verified)
    return [cache / line for line in verified.read_text().splitlines()]


def fetch_all(jars: list[Jar], cache: Path) -> list[Path]:
    _log.info("downloading Apache Kafka: %d jars, 46 MB, once", len(jars))
    context = maven(cache)
    with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
        return list(pool.map(lambda jar: fetch(jar, context), jars))


def maven(cache: Path) -> "MavenContext":
    """jgo's resolver, in Python alone: no Maven on PATH is asked for, and nothing is put into ~/.m2."""
    # Imported here because it takes 0.3 s and most starts download nothing.
    from jgo.maven import MavenContext, PythonResolver

    return MavenContext(repo_cache=cache, resolver=PythonResolver(), timeout=30)


def fetch(jar: Jar, context: "MavenContext") -> Path:
    """Download one jar; a file that is not what the lock wants, such as half of one, is fetched once more."""
    group, name, version = jar.coordinate.split(":")
    artifact = context.project(group, name).at_version(version).artifact()
    path = _download(artifact)
    if sha256(path) != jar.sha256:
        path.unlink()
        path = _download(artifact)
    if (found := sha256(path)) != jar.sha256:
        path.unlink()
        raise JarMismatch(jar.coordinate, jar.sha256, found)
    return path


def _download(artifact: "Artifact") -> Path:
    try:
        return artifact.resolve()
    except (OSError, RuntimeError) as error:  # the network's, and the resolver's "not found"
        if artifact.cached_path:
            artifact.cached_path.unlink(missing_ok=True)
        raise JarsNotAvailable(str(artifact), type(error).__name__) from error


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_lock(text: str) -> list[Jar]:
    """The jars of a lock's text, in its order; `#` begins a comment line."""
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return [Jar(coordinate, digest.removeprefix("sha256:")) for coordinate, digest in lines]


def resolve(roots: Iterable[str], context: "MavenContext") -> dict[str, "Artifact"]:
    """All artifacts that the roots need at run time, the newest version of each, by `group:artifact`."""
    newest: dict[str, Artifact] = {}
    for root in roots:
        dependency = context.create_dependency(root)
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
        artifacts = resolve(ROOTS, maven(user_cache("kafka-lock")))
        digests = {f"{name}:{found.version}": sha256(found.resolve()) for name, found in artifacts.items()}
    made_by = "# Made by `python -m infra.local.kafka_jars lock` from " + " and ".join(ROOTS)
    LOCK.write_text(made_by + "".join(f"\n{jar} sha256:{digest}" for jar, digest in sorted(digests.items())) + "\n")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if sys.argv[1:] == ["lock"]:
        write_lock()
    _log.info("Apache Kafka is ready in %d jars", len(kafka_jars()))
