"""A request without a task gets it from a learned classifier, and its row names what was learned."""

import pytest
from asking import NOW, asked, portfolio, received

from infra.classifier.artefact import load_classifier, packed
from infra.classifier.model import Classifier
from infra.classifier.training import learn
from infra.classifier.vectors import word_vectors
from schemas.request import Profile
from services.profiler.domain.admit import Terms, profile

QUESTIONS = ("When do you open?", "Where is your office?", "What are your opening hours?", "Do you open on Sunday?")
LOANS = (
    "Can I borrow money?",
    "May this applicant get a loan?",
    "Approve the loan of Mrs Hill.",
    "Lend me ten thousand.",
)
STRANGE = ("Who won the match?", "Tell me a joke about cats.", "Is there life on Mars?", "Sing a song.")
TERMS = Terms("rev", 3_600, frozenset())


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    texts = {"faq": QUESTIONS, "loan": LOANS, "general": STRANGE}
    path = tmp_path_factory.mktemp("learned") / "classifier.npz"
    path.write_bytes(packed(learn([(text, task) for task, of in texts.items() for text in of], word_vectors())))
    return load_classifier(path)


def told(classifier: Classifier | None, content: str, **fields: object) -> Profile:
    event = profile(asked(content, **fields), received(at=NOW), "default", portfolio(), TERMS, classifier)
    return event.request.profile


def test_a_request_gets_its_task_from_its_words_and_names_the_classifier(classifier: Classifier) -> None:
    found = told(classifier, "Should this applicant get the loan?")
    assert (found.task, found.classifier) == ("loan", classifier.version)
    assert classifier.version in found.why


def test_what_is_named_or_evident_is_not_asked_of_the_classifier(classifier: Classifier) -> None:
    assert told(classifier, "May this applicant get a loan?", task="faq").classifier is None
    as_json = told(classifier, "May this applicant get a loan?", response_format={"type": "json_object"})
    assert (as_json.task, as_json.classifier) == ("extraction", None)


def test_an_unsure_classifier_leaves_the_default_road(classifier: Classifier) -> None:
    found = told(classifier, "Name the moons of Jupiter.")
    assert (found.task, found.classifier) == ("general", classifier.version)
    assert found.confidence <= 0.3


def test_without_a_classifier_a_short_question_is_one_of_fact() -> None:
    found = told(None, "Name the moons of Jupiter.")
    assert (found.task, found.classifier) == ("faq", None)
