"""How often the product's checks are wrong.

Demands on form: on recorded answers that IFEval's own program judged demand by demand. Arithmetic: on GSM8K answers
recorded as right, as they are (false alarms) and with one result changed (what is let through). Citations and policy:
on answers made from given texts, as they are and with one thing wrong, by the kind of it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from infra.evals.changed_numbers import with_one_changed
from infra.evals.cited_answers import CITATION_MUTATIONS, Cited, cited_answers, mutants
from infra.evals.demands_given import demand_of
from infra.evals.policed_answers import PACK, POLICY_MUTATIONS, broken, policed_answers
from infra.evals.study import Folders, Tell, figure
from infra.local.recorded.ifeval import IfevalRow, read_rows
from infra.local.recorded.reading import read_set
from schemas.vocabulary import Verdict
from services.validator.domain.citations import citations
from services.validator.domain.demands import demanded
from services.validator.domain.policy import policy

Judged = tuple[str, bool, bool]
"""A demand's name, our verdict, and the recorded one."""


def measure(folders: Folders, tell: Tell) -> Mapping[str, object]:
    """``checks``: by demand, the share of bad answers accepted and of good ones rejected. Nothing is learned here."""
    tell("judging every demand of every answer")
    judged = [one for row in read_rows(folders.test or folders.train) for one in _judged(row)]
    counts = Counter(judged)
    names = dict.fromkeys(name for name, *_ in judged)
    rates = {name: _rates(name, counts) for name in names}
    right = sum(count for (_, ours, theirs), count in counts.items() if ours == theirs)
    agree = {"demands_agree": round(right / len(judged), 4), "demands_n": len(judged)}
    tell("working out the sums of every right answer, as it is and with a result changed")
    return {"checks": {**rates, **agree, "arithmetic": _arithmetic(folders), **_said(folders, tell)}}


def _arithmetic(folders: Folders) -> dict[str, object]:
    """Only answers with a number after an equals sign, each once as it is and once changed."""
    questions = read_set("gsm8k", folders.test or folders.train)
    right = [answer.text for question in questions for answer in question.answers.values() if answer.right]
    pairs = [(text, changed) for text in right if (changed := with_one_changed(text)) is not None]
    rejected = [_fails_arithmetic(text) for text, _ in pairs]
    accepted = [not _fails_arithmetic(changed) for _, changed in pairs]
    return {
        "false_accept": figure(accepted, _share).told(),
        "false_reject": figure(rejected, _share).told(),
        "n": len(pairs),
    }


def _said(folders: Folders, tell: Tell) -> dict[str, object]:
    tell("citations and policy, on answers as they are and with one thing wrong")
    folder = folders.test or folders.train
    cited, policed = cited_answers(folder), policed_answers(folder)
    of_citations = {kind: [_fails_citations(one) for one in mutants(cited, kind)] for kind in CITATION_MUTATIONS}
    of_policy = {kind: [_fails_policy(one) for one in broken(policed, kind)] for kind in POLICY_MUTATIONS}
    return {
        "citations": _caught(of_citations, [_fails_citations(one) for one in cited]),
        "policy": _caught(of_policy, [_fails_policy(one) for one in policed]),
    }


def _caught(kinds: Mapping[str, Sequence[bool]], untouched: Sequence[bool]) -> dict[str, object]:
    """``caught``: the share of each kind of error. False accepts are of all mutants together."""
    missed = [not seen for kind in kinds.values() for seen in kind]
    return {
        "false_accept": figure(missed, _share).told(),
        "false_reject": figure(untouched, _share).told(),
        "n": len(missed) + len(untouched),
        "caught": {kind: figure(seen, _share).told() for kind, seen in kinds.items() if seen},
    }


def _fails_citations(answer: Cited) -> bool:
    return citations(answer.text(), {"every_sentence": True}, answer.sources).verdict == Verdict.FAIL


def _fails_policy(text: str) -> bool:
    return policy(text, {"value": "pack"}, {"pack": PACK}).verdict == Verdict.FAIL


def _fails_arithmetic(text: str) -> bool:
    (check,) = demanded(text, [("arithmetic", {})])
    return check.verdict == Verdict.FAIL


def _share(told: Sequence[bool]) -> float:
    return sum(told) / len(told)


def _judged(row: IfevalRow) -> Iterator[Judged]:
    asked = [demand_of(*told) for told in row.instructions]
    for answer in row.answers.values():
        for demand, theirs in zip(asked, answer.strict, strict=True):
            if demand is not None:
                (ours,) = demanded(answer.text, [demand])
                yield demand[0], ours.verdict == Verdict.PASS, theirs


def _rates(name: str, counts: Mapping[Judged, int]) -> dict[str, float | int]:
    bad = counts.get((name, True, False), 0) + counts.get((name, False, False), 0)
    good = counts.get((name, True, True), 0) + counts.get((name, False, True), 0)
    return {
        "false_accept": round(counts.get((name, True, False), 0) / bad, 4) if bad else 0.0,
        "false_reject": round(counts.get((name, False, True), 0) / good, 4) if good else 0.0,
        "n": bad + good,
    }
