"""A guess from a prompt's words alone at what answers to it are worth: ridge regression over hashed words. Pure.

How much it shrinks is chosen by the error on each prompt when that one is left out (in closed form: D. Allen, "The
Relationship between Variable Selection and Data Augmentation", 1974), so only what is learned from decides it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from infra.evals.study import splits

Numbers = NDArray[np.float64]
PLACES = 512
SHRINKS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
WORD = re.compile(r"\w+|[^\w\s]")
SIGN_BIT = 31


@dataclass(frozen=True, slots=True)
class Asked:
    """A prompt, and what its answers are known to be worth: one column a model, or whatever else is guessed."""

    name: str
    prompt: str
    worth: tuple[float, ...]


def words_of(prompts: Sequence[str]) -> Numbers:
    """A row a prompt, of length 1: how often each word stands there, in logarithms, at a place that its hash says."""
    found = np.zeros((len(prompts), PLACES))
    for row, prompt in zip(found, prompts, strict=True):
        for word in WORD.findall(prompt.lower()):
            hashed = crc32(word.encode())
            row[hashed % PLACES] += 1 if hashed >> SIGN_BIT else -1
    levelled = np.sign(found) * np.log1p(np.abs(found))
    return levelled / np.maximum(np.linalg.norm(levelled, axis=1, keepdims=True), 1e-9)


def guessed(train: Sequence[Asked], test: Sequence[Asked] | None) -> tuple[list[Asked], Numbers]:
    """Every reported prompt, and the guess at its worth by what was learned without it; in the same order."""
    told: list[Asked] = []
    guesses: list[Numbers] = []
    prompts = list(dict.fromkeys(asked.prompt for asked in (*train, *(test or ()))))
    known = dict(zip(prompts, words_of(prompts), strict=True))
    for split in splits(train, test, lambda asked: asked.name):
        if split.test:
            told.extend(split.test)
            words, new = (np.array([known[asked.prompt] for asked in part]) for part in (split.train, split.test))
            guesses.append(_learned(words, split.train, new))
    return told, np.vstack(guesses)


def _learned(words: Numbers, train: Sequence[Asked], new: Numbers) -> Numbers:
    worth = np.array([asked.worth for asked in train])
    usual_words, usual = words.mean(axis=0), worth.mean(axis=0)
    squares, turned = np.linalg.eigh((words - usual_words).T @ (words - usual_words))
    rows = (words - usual_words) @ turned
    along = rows.T @ (worth - usual)
    shrink = min(SHRINKS, key=lambda shrink: _left_out(rows, along, 1 / (squares + shrink), worth - usual))
    weights = turned @ (along / (squares + shrink)[:, None])
    return (new - usual_words) @ weights + usual


def _left_out(rows: Numbers, along: Numbers, kept: Numbers, worth: Numbers) -> float:
    """The mean squared error on a prompt that is not learned from. ``rows``: prompts, in the axes of the squares."""
    own = (rows**2) @ kept + 1 / len(rows)
    errors = (worth - rows @ (along * kept[:, None])) / (1 - own)[:, None]
    return float((errors**2).mean())
