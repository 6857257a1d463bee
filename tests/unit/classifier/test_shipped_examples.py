"""What the examples of the shipped portfolio teach, asked with words that they do not hold."""

from pathlib import Path

import pytest
import yaml

from infra.classifier.examples import LEAST_SURE, taught_by
from infra.classifier.model import Classifier
from infra.classifier.vectors import word_vectors
from schemas.portfolio import Portfolio
from schemas.teaching import LEAST_EXAMPLES, tasks_told, teaching

SHIPPED = Path(__file__).parents[3] / "portfolio.yaml"


@pytest.fixture(scope="module")
def shipped() -> Portfolio:
    return Portfolio.of(yaml.safe_load(SHIPPED.read_text()))


@pytest.fixture(scope="module")
def classifier(shipped: Portfolio) -> Classifier:
    return taught_by(teaching(shipped), word_vectors())


def test_every_task_that_words_can_tell_has_enough_examples_and_all_differ(shipped: Portfolio) -> None:
    by_form = {"embeddings"}
    assert tasks_told(shipped) == set(shipped.tasks) - by_form - {"general"}
    assert len(shipped.tasks["general"].examples) >= LEAST_EXAMPLES
    texts = [text for text, _ in teaching(shipped)]
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("Should we grant Ms Meyer, income 40,000, a loan of 200,000?", "loan_decision"),
        ("Do we approve the mortgage for the Schmidt family?", "loan_decision"),
        ("Translate this sentence into Greek: The bread is fresh.", "translation"),
        ("Remind me to call my mother at six.", "tool_use"),
        ("Extract all dates and amounts from this invoice.", "extraction"),
        ("Write a Java method that sums an array.", "code"),
        ("What are your opening hours?", "faq"),
        ("Write a poem about autumn.", None),
        ("Tell me a story about a dragon.", None),
    ],
)
def test_a_request_is_told_by_words_that_no_example_has(classifier: Classifier, text: str, task: str | None) -> None:
    assert classifier.guess(text).task == task


def test_a_class_that_is_less_likely_than_all_others_together_is_not_told(classifier: Classifier) -> None:
    guess = classifier.guess("How would I say good luck in Korean?")
    assert 0.3 < guess.confidence < LEAST_SURE
    assert guess.task is None
