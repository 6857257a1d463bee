"""Personal data with marked places (presidio-research), against what ``schemas/sensitive.py`` finds."""

from collections.abc import Iterator

from infra.evals.study import Folders, share
from infra.local.recorded.reading import complain_of_absent, json_rows
from schemas.fact import Fact
from schemas.sensitive import Finding, Kind, find

FILE = "pii/sentences.jsonl.gz"
KINDS = {
    "CREDIT_CARD": Kind.CARD,
    "EMAIL_ADDRESS": Kind.EMAIL,
    "IBAN_CODE": Kind.IBAN,
    "IP_ADDRESS": Kind.IP_ADDRESS,
    "PHONE_NUMBER": Kind.PHONE,
    "US_SSN": Kind.NATIONAL_ID,
}
"""What has a form of its own. Names, places, dates and organisations are not looked for."""


class Span(Fact):
    entity_type: str
    start_position: int
    end_position: int


class Sentence(Fact):
    full_text: str
    spans: tuple[Span, ...]


def personal_data(folders: Folders) -> dict[str, object]:
    """``pii_recall`` of the places of these kinds; ``pii_false_alarms``: the share of sentences with a wrong find."""
    folder = folders.test or folders.train
    complain_of_absent(folder, [FILE])
    sentences = list(json_rows(folder / FILE, Sentence))
    seen = [hit for sentence in sentences for hit in _hits(sentence)]
    alarms = [_false_alarm(sentence) for sentence in sentences]
    of_all = sum(len(sentence.spans) for sentence in sentences)
    told: dict[str, object] = {"pii_false_alarms": share(alarms).told(), "pii_n": len(seen)}
    told |= {"pii_recall": share(seen).told()} if seen else {}
    return told | {"pii_share_of_all_marked": round(sum(seen) / max(of_all, 1), 4)}


def _hits(sentence: Sentence) -> Iterator[bool]:
    """For each marked place of a kind that is looked for: whether that kind was found there."""
    finds = find(sentence.full_text)
    for span in sentence.spans:
        if (kind := KINDS.get(span.entity_type)) is not None:
            yield any(one.kind == kind and _overlap(one, span) for one in finds)


def _false_alarm(sentence: Sentence) -> bool:
    return any(not any(_overlap(one, span) for span in sentence.spans) for one in find(sentence.full_text))


def _overlap(found: Finding, span: Span) -> bool:
    return found.start < span.end_position and span.start_position < found.end
