"""A classifier from the examples of a portfolio document: whoever reads the same examples learns the same."""

import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from hashlib import sha256
from multiprocessing import get_context

from infra.classifier.model import Classifier, Learned
from infra.classifier.one_thread import one_thread
from infra.classifier.training import Labelled, learn
from infra.classifier.vectors import WordVectors, word_vectors

METHOD = 1
"""Another number where what is learned from the same examples changes."""

LEAST_SURE = 0.5
"""So few texts tell little of where to draw the line; a class that is less likely than all others together is none."""


def taught_by(examples: Labelled, vectors: WordVectors) -> Classifier:
    """What examples teach. Raises :class:`infra.classifier.training.TooFewTexts` below two tasks."""
    return _named(learn(examples, vectors), examples, vectors)


def taught_apart(examples: Labelled) -> Classifier:
    """The same, learned by a process of its own: in a thread, each of its many steps would wait for a busy event loop.

    Raises :class:`infra.classifier.vectors.VectorsMissing`, too.
    """
    vectors = word_vectors()
    with ProcessPoolExecutor(1, get_context("spawn"), one_thread) as apart:
        return _named(apart.submit(_learned, examples).result(), examples, vectors)


def _learned(examples: Labelled) -> Learned:
    return learn(examples, word_vectors())


def _named(learned: Learned, examples: Labelled, vectors: WordVectors) -> Classifier:
    return Classifier(replace(learned, sure=max(learned.sure, LEAST_SURE)), vectors, version_of(examples, vectors))


def version_of(examples: Labelled, vectors: WordVectors) -> str:
    """Named by what it is learned from: in the last bits of its weights two machines may differ."""
    return sha256(json.dumps([METHOD, vectors.version, *examples]).encode()).hexdigest()[:12]
