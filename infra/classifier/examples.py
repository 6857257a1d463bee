"""A classifier from the examples of a portfolio document: whoever reads the same examples learns the same."""

import json
from dataclasses import replace
from hashlib import sha256

from infra.classifier.model import Classifier
from infra.classifier.training import Labelled, learn
from infra.classifier.vectors import WordVectors

METHOD = 1
"""Another number where what is learned from the same examples changes."""

LEAST_SURE = 0.5
"""So few texts tell little of where to draw the line; a class that is less likely than all others together is none."""


def taught_by(examples: Labelled, vectors: WordVectors) -> Classifier:
    """What examples teach. Raises :class:`infra.classifier.training.TooFewTexts` below two tasks."""
    learned = learn(examples, vectors)
    return Classifier(replace(learned, sure=max(learned.sure, LEAST_SURE)), vectors, version_of(examples, vectors))


def version_of(examples: Labelled, vectors: WordVectors) -> str:
    """Named by what it is learned from: in the last bits of its weights two machines may differ."""
    return sha256(json.dumps([METHOD, vectors.version, *examples]).encode()).hexdigest()[:12]
