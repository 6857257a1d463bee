"""A learned classifier as a file, named by a hash of what it holds."""

import io
import json
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from infra.classifier.features import SIZE
from infra.classifier.model import Classifier, Learned
from infra.classifier.vectors import WordVectors, word_vectors

FORMAT = 1


class ArtefactUnreadable(Exception):
    """A classifier's file cannot be used; the message names the remedy."""


def packed(learned: Learned) -> bytes:
    """The file's content: half-precision weights, and the rest as JSON."""
    told = {"format": FORMAT, "classes": learned.classes, "vectors": learned.vectors}
    told |= {"temperature": learned.temperature, "sure": learned.sure, "near": learned.near}
    held = io.BytesIO()
    weights, bias = learned.weights.astype(np.float16), learned.bias.astype(np.float32)
    np.savez(held, about=np.array(json.dumps(told)), weights=weights, bias=bias, centres=learned.centres)
    return held.getvalue()


def version_of(content: bytes) -> str:
    """What requests' rows name it by."""
    return sha256(content).hexdigest()[:12]


def load_classifier(path: Path) -> Classifier:
    """The classifier in a file. Raises :class:`ArtefactUnreadable`, or ``VectorsMissing``."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ArtefactUnreadable(
            f"{path} cannot be read: {error.strerror}. `portfolio profiler train` writes it"
        ) from None
    vectors = word_vectors()
    try:
        return Classifier(_learned(content, vectors), vectors, version_of(content))
    except ArtefactUnreadable as error:
        raise ArtefactUnreadable(f"{path}: {error}: train it anew with `portfolio profiler train`") from None


def _learned(content: bytes, vectors: WordVectors) -> Learned:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as held:
            about: dict[str, Any] = json.loads(str(held["about"]))
            weights, bias, centres = held["weights"].astype(np.float32), held["bias"], held["centres"]
        temperature, sure, near = (float(about[name]) for name in ("temperature", "sure", "near"))
        learned = Learned(tuple(about["classes"]), weights, bias, centres, temperature, sure, near, about["vectors"])
    except (ValueError, KeyError, TypeError, OSError, EOFError, BadZipFile) as error:
        raise ArtefactUnreadable(f"it is no classifier ({type(error).__name__})") from None
    if about.get("format") != FORMAT or weights.shape != (SIZE, len(learned.classes)):
        raise ArtefactUnreadable("it is of another format")
    if learned.vectors != vectors.version:
        raise ArtefactUnreadable("it was trained on other word vectors than are installed")
    return learned
