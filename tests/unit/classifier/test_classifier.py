"""The classifier: what it learns, when it is unsure, and its file."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.classifier.artefact import ArtefactUnreadable, load_classifier, packed, version_of
from infra.classifier.features import BUCKETS, hashed
from infra.classifier.model import Classifier
from infra.classifier.training import TooFewTexts, learn
from infra.classifier.vectors import WordVectors, word_vectors
from schemas.asking import GENERAL

TEXTS = {
    "opening": (
        "When do you open?",
        "Are you open on Sunday?",
        "What are your opening hours?",
        "Do you close at noon?",
    ),
    "refund": ("I want my money back.", "Refund my order.", "How do I get a refund?", "Please return my payment."),
    "translate": ("Translate this to French.", "How do you say dog in Spanish?", "Put this text into German."),
    GENERAL: ("Who won the match?", "Tell me a joke about cats.", "Is there life on Mars?", "asdf qwer zxcv"),
}
LABELLED = [(text, task) for task, texts in TEXTS.items() for text in texts]


@pytest.fixture(scope="module")
def vectors() -> WordVectors:
    return word_vectors()


@pytest.fixture(scope="module")
def content(vectors: WordVectors) -> bytes:
    return packed(learn(LABELLED, vectors))


@pytest.fixture(scope="module")
def classifier(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    path = tmp_path_factory.mktemp("learned") / "classifier.npz"
    path.write_bytes(content)
    return load_classifier(path)


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("When do you open on Monday?", "opening"),
        ("Can I have a refund of my money?", "refund"),
        ("Translate this letter to Spanish.", "translate"),
    ],
)
def test_texts_that_it_never_saw_are_told_by_their_words(classifier: Classifier, text: str, task: str) -> None:
    assert classifier.guess(text).task == task


@pytest.mark.parametrize(
    "text", ["", "   ", "\x00", "?!", "Who won the game?", "Name the moons of Jupiter and their sizes."]
)
def test_it_is_unsure_of_what_resembles_no_class(classifier: Classifier, text: str) -> None:
    assert classifier.guess(text).task is None


def test_the_same_texts_teach_the_same_and_the_version_says_so(vectors: WordVectors, content: bytes) -> None:
    assert version_of(packed(learn(LABELLED, vectors))) == version_of(content)
    assert version_of(packed(learn(LABELLED[1:], vectors))) != version_of(content)


def test_one_class_teaches_nothing(vectors: WordVectors) -> None:
    with pytest.raises(TooFewTexts, match="two tasks"):
        learn([("When do you open?", "opening"), ("Who won?", GENERAL)], vectors)


@given(text=st.text(max_size=200))
def test_any_text_gets_a_confidence_between_nothing_and_certainty(classifier: Classifier, text: str) -> None:
    assert 0.0 <= classifier.guess(text).confidence <= 1.0


@given(tokens=st.lists(st.integers(0, 31_999), min_size=1, max_size=50))
def test_hashed_features_lie_in_their_buckets_and_have_length_one(tokens: list[int]) -> None:
    buckets, signs = hashed(np.array(tokens, dtype=np.int64))
    assert buckets.min() >= 0
    assert buckets.max() < BUCKETS
    assert float(np.square(signs).sum()) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("broken", [b"", b"nonsense", b"PK\x03\x04 and then nothing"])
def test_what_is_no_classifier_is_refused_with_the_remedy(tmp_path: Path, broken: bytes) -> None:
    (tmp_path / "c.npz").write_bytes(broken)
    with pytest.raises(ArtefactUnreadable, match="portfolio profiler train"):
        load_classifier(tmp_path / "c.npz")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArtefactUnreadable, match=r"absent\.npz cannot be read"):
        load_classifier(tmp_path / "absent.npz")
