"""A classifier at work: from a text to a task class and how sure that is, or to ``unsure``."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from infra.classifier.features import VECTOR, hashed, mean_of
from infra.classifier.vectors import LONGEST, Array, WordVectors

REMEMBERED = 4_096
"""Texts whose answers are kept: the same question often comes again."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned, from which word vectors. ``general``, if any, is the last of the classes, and tells none.

    Neither does a confidence below ``sure``, nor a text that is not as ``near`` as that to one of the ``centres``.
    """

    classes: tuple[str, ...]
    weights: Array
    bias: Array
    centres: Array
    temperature: float
    sure: float
    near: float
    vectors: str


@dataclass(frozen=True, slots=True)
class Guess:
    """The likeliest class and how sure it is (0 to 1); ``task`` is ``None`` where that is too little to go by."""

    task: str | None
    confidence: float


class Classifier:
    """Scores one text at a time, in some tens of microseconds."""

    def __init__(self, learned: Learned, vectors: WordVectors, version: str) -> None:
        self.version = version
        self._learned, self._vectors = learned, vectors
        self._dense, self._hashed = learned.weights[:VECTOR], learned.weights[VECTOR:]
        self._named = learned.centres.shape[1]
        self._remembered = lru_cache(REMEMBERED)(self._guess)

    def guess(self, text: str) -> Guess:
        """What a text asks, by its beginning."""
        return self._remembered(text[:LONGEST])

    def _guess(self, text: str) -> Guess:
        if not any(map(str.isalnum, text)):
            return Guess(None, 0.0)
        tokens = self._vectors.tokens(text)
        learned, mean = self._learned, mean_of(tokens, self._vectors)
        buckets, signs = hashed(tokens)
        scores = mean @ self._dense + signs @ self._hashed[buckets] + learned.bias
        shares = probabilities(scores[None] / learned.temperature)[0, : self._named]
        best = int(shares.argmax())
        confidence = float(shares[best])
        told = confidence >= learned.sure and float((mean @ learned.centres).max()) >= learned.near
        return Guess(learned.classes[best] if told else None, confidence)


def probabilities(scores: Array) -> Array:
    """Softmax of each row."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)
