"""Learning a classifier: softmax regression, calibrated on texts that were held out of it.

Texts of the class ``general`` belong to none of the others: they take from the confidence in these.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from infra.classifier.features import VECTOR, matrix
from infra.classifier.model import Learned, probabilities
from infra.classifier.vectors import Array, WordVectors
from schemas.asking import GENERAL

EPOCHS, STEPS_AT_LEAST, BATCH, RATE, DECAY = 10, 300, 256, 0.05, 1e-5
MOMENTUM, SPREAD = 0.9, 0.99
FOLDS = 3
SEED = 20_241_101
TEMPERATURES = np.geomspace(0.5, 8.0, 41)
GIVEN_UP = 0.05
"""At most this share of the right answers on held-out texts is given up for being unsure of the others."""

Labelled = Sequence[tuple[str, str]]
"""Texts, each with its class."""


class TooFewTexts(Exception):
    """There is nothing to tell apart; the message says what is missing."""


def learn(labelled: Labelled, vectors: WordVectors) -> Learned:
    """What these texts teach; the same texts in the same order teach the same. Raises :class:`TooFewTexts`."""
    named = sorted({task for _, task in labelled} - {GENERAL})
    if len(named) < 2:
        raise TooFewTexts("at least two tasks with examples are needed, to tell them apart: add tasks.<name>.examples")
    classes = (*named, *({GENERAL} & {task for _, task in labelled}))
    rows = matrix([text for text, _ in labelled], vectors)
    place = {task: number for number, task in enumerate(classes)}
    labels = np.array([place[task] for _, task in labelled])
    scores, nearness = _held_out(rows, labels, len(classes), len(named))
    temperature, inside = _temperature(scores, labels), labels < len(named)
    shares = probabilities(scores / temperature)[:, : len(named)]
    sure = _sure(shares[inside], labels[inside], shares[~inside])
    near = float(np.quantile(nearness[inside], GIVEN_UP))
    weights, bias = _fit(rows, labels, len(classes))
    return Learned(
        tuple(classes), weights, bias, _centres(rows, labels, len(named)), temperature, sure, near, vectors.version
    )


def _held_out(rows: Array, labels: Array, classes: int, named: int) -> tuple[Array, Array]:
    """Scores of each text, and how near it is to the nearest class, by fits that never saw it."""
    scores = np.zeros((len(rows), classes), np.float32)
    nearness = np.zeros(len(rows), np.float32)
    for fold in _folds(labels):
        kept = np.setdiff1d(np.arange(len(rows)), fold)
        weights, bias = _fit(rows[kept], labels[kept], classes)
        scores[fold] = rows[fold] @ weights + bias
        nearness[fold] = (rows[fold, :VECTOR] @ _centres(rows[kept], labels[kept], named)).max(axis=1)
    return scores, nearness


def _centres(rows: Array, labels: Array, named: int) -> Array:
    """Where the texts of each class lie among the vectors: a column of length one each."""
    sums = np.stack([rows[labels == number, :VECTOR].sum(axis=0) for number in range(named)], axis=1)
    return (sums / np.maximum(np.linalg.norm(sums, axis=0), 1e-9)).astype(np.float32)


def _folds(labels: Array) -> Iterator[Array]:
    """Each class spread evenly over the folds."""
    draw = np.random.default_rng(SEED)
    order = draw.permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    for number in range(FOLDS):
        yield order[number::FOLDS]


def _fit(rows: Array, labels: Array, classes: int) -> tuple[Array, Array]:
    """Softmax regression by Adam (D. Kingma, J. Ba, 2014) in shrinking steps."""
    weights, bias = np.zeros((rows.shape[1], classes), np.float32), np.zeros(classes, np.float32)
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    batches = list(_batches(len(rows)))
    for step, chosen in enumerate(batches, 1):
        part = rows[chosen]
        wrong = probabilities(part @ weights + bias)
        wrong[np.arange(len(chosen)), labels[chosen]] -= 1
        wrong /= len(chosen)
        slope = part.T @ wrong + DECAY * weights
        mean += (1 - MOMENTUM) * (slope - mean)
        square += (1 - SPREAD) * (slope * slope - square)
        rate = RATE * (1 - step / (len(batches) + 1))
        weights -= rate * (mean / (1 - MOMENTUM**step)) / (np.sqrt(square / (1 - SPREAD**step)) + 1e-8)
        bias -= rate * wrong.sum(axis=0)
    return weights, bias


def _batches(count: int) -> Iterator[Array]:
    """Every text in each epoch, in another order; as many epochs as a small set needs too."""
    draw = np.random.default_rng(SEED)
    an_epoch = -(-count // BATCH)
    for _ in range(max(EPOCHS, -(-STEPS_AT_LEAST // an_epoch))):
        order = draw.permutation(count)
        yield from (order[start : start + BATCH] for start in range(0, count, BATCH))


def _temperature(scores: Array, labels: Array) -> float:
    """What makes held-out confidences true (C. Guo and others, 2017): the least loss over a grid."""
    seen = np.arange(len(labels))
    losses = [-np.log(probabilities(scores / each)[seen, labels] + 1e-12).mean() for each in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


def _sure(shares: Array, labels: Array, strange: Array) -> float:
    """The confidence to ask for: what leaves most texts of no class unsure for the right answers that it gives up."""
    confidence = shares.max(axis=1)
    right = confidence[shares.argmax(axis=1) == labels]
    most = float(np.quantile(right, GIVEN_UP)) if len(right) else 1.0
    if not len(strange):
        return most
    bars = np.linspace(0.0, most, 201)
    kept = np.array([(right >= bar).sum() / len(labels) for bar in bars])
    left = np.array([(strange.max(axis=1) < bar).mean() for bar in bars])
    return float(bars[int(np.argmax(kept + left))])
