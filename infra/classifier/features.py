"""Features of a text: the mean of its tokens' vectors, and a hash of its tokens and of its pairs of tokens."""

from collections.abc import Sequence

import numpy as np

from infra.classifier.vectors import Array, WordVectors

BUCKETS = 2_048
VECTOR = 256
SIZE = VECTOR + BUCKETS
FIRST_PAIR, PAIR = 40_000, 32_003
MIXERS = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))
HALF, SIGN_AT, ONE = np.uint64(33), np.uint64(60), np.uint64(1)


def mean_of(tokens: Array, vectors: WordVectors) -> Array:
    """The mean of the tokens' vectors, of length one; zero without tokens."""
    if not tokens.size:
        return np.zeros(VECTOR, np.float32)
    mean = vectors.table[tokens].astype(np.float32).mean(axis=0)
    return mean / max(float(np.sqrt(mean @ mean)), 1e-9)


def hashed(tokens: Array) -> tuple[Array, Array]:
    """Buckets of the tokens and of the pairs of neighbours, each once, and what each adds there, of length one."""
    pairs = FIRST_PAIR + tokens[:-1] * PAIR + tokens[1:]
    keys = _mixed(np.unique(np.concatenate((tokens, pairs))))
    signs = np.where((keys >> SIGN_AT) & ONE, 1.0, -1.0) / np.sqrt(max(len(keys), 1))
    return (keys % np.uint64(BUCKETS)).astype(np.int64), signs.astype(np.float32)


def matrix(texts: Sequence[str], vectors: WordVectors) -> Array:
    """A row of features for each text: what is learned from."""
    rows = np.zeros((len(texts), SIZE), np.float32)
    for row, text in zip(rows, texts, strict=True):
        tokens = vectors.tokens(text)
        row[:VECTOR] = mean_of(tokens, vectors)
        buckets, signs = hashed(tokens)
        np.add.at(row[VECTOR:], buckets, signs)
    return rows


def _mixed(keys: Array) -> Array:
    """MurmurHash3's finalizer (A. Appleby), so that neighbouring numbers fall far apart."""
    mixed = keys.astype(np.uint64)
    for mixer in MIXERS:
        mixed = (mixed ^ (mixed >> HALF)) * mixer
    return mixed ^ (mixed >> HALF)
