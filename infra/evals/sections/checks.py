"""How often the product's checks are wrong.

Demands on form: on recorded answers that IFEval's own program judged demand by demand. Agreement, and all demands of a
prompt: on answers with a recorded verdict, with what mistakes cost where the strongest is asked next. Arithmetic: on
GSM8K answers recorded as right, as they are (false alarms) and with one result changed (what is let through).
Citations, policy and tool calls: on answers made from given texts, as they are and with one thing wrong, by kind.
"""

from collections.abc import Iterator, Mapping, Sequence

from infra.evals import plans
from infra.evals.called_tools import GROUND_MUTATIONS, CalledTool, called_tools, made_up
from infra.evals.changed_numbers import with_one_changed
from infra.evals.cited_answers import CITATION_MUTATIONS, Cited, cited_answers, mutants
from infra.evals.demands_given import demand_of
from infra.evals.ladders import Case
from infra.evals.mistakes import Checked, rates, rates_and_costs
from infra.evals.policed_answers import PACK, POLICY_MUTATIONS, broken, policed_answers
from infra.evals.sections import gsm8k, ifeval
from infra.evals.study import Folders, Tell, share, share_by_question
from infra.local.recorded.ifeval import IfevalRow, read_rows
from infra.local.recorded.reading import read_set
from schemas.vocabulary import Verdict
from services.validator.domain.citations import citations
from services.validator.domain.demands import demanded
from services.validator.domain.grounding import grounded
from services.validator.domain.policy import policy

PAIR, CHEAP = ("gemini-1.5-flash", "gpt-4o-mini-2024-07-18"), "gpt-4o-mini-2024-07-18"
"""Whose answers are checked by agreement, and by whole prompts: those of the demo."""
Judged = tuple[str, Checked]
"""A demand's name, and an answer: whether it is let through, and whether it passes by the recorded verdict."""
Seen = tuple[str, bool]
"""Which text it was made of, and whether the check fails it."""


def measure(folders: Folders, tell: Tell) -> Mapping[str, object]:
    """``checks``: by demand, the share of bad answers accepted and of good ones rejected. Nothing is learned here."""
    tell("judging every demand of every answer")
    judged = [one for row in read_rows(folders.test or folders.train) for one in _judged(row)]
    by_name = {name: [row for other, row in judged if other == name] for name in dict.fromkeys(n for n, _ in judged)}
    each = {name: rates(rows) for name, rows in by_name.items()}
    agree = share_by_question([(row.question, row.passed == row.right) for _, row in judged]).told()
    told = {**each, "demands_agree": agree, "demands_n": len(judged), **_in_plans(folders, tell)}
    tell("working out the sums of every right answer, as it is and with a result changed")
    return {"checks": {**told, "arithmetic": _arithmetic(folders), **_said(folders, tell)}}


def _in_plans(folders: Folders, tell: Tell) -> dict[str, object]:
    """The checks that plans stand on, by answers: where they fail one, the strongest is asked."""
    tell("agreement and whole prompts, and what mistakes cost")
    folder = folders.test or folders.train
    rows = read_rows(folder)
    return {
        "agreement": rates_and_costs([_agreed(case) for case in gsm8k.cases_of(read_set("gsm8k", folder))]),
        "demands_given": rates_and_costs([_met(case) for case in ifeval.cases_of(rows, ifeval.given)]),
        "demands_found": rates_and_costs([_met(case) for case in ifeval.cases_of(rows, ifeval.found)]),
    }


def _agreed(case: plans.Case) -> Checked:
    """The first of the demo's pair, held against the second."""
    cost = case.answers[gsm8k.STRONGEST].cost_micro_usd
    return Checked(case.name, case.same(*PAIR), case.answers[PAIR[0]].right, cost)


def _met(case: Case) -> Checked:
    """A cheap model's answer, held against all demands of its prompt."""
    cost = case.answers[ifeval.STRONGEST].cost_micro_usd
    return Checked(case.name, CHEAP in case.passed, case.answers[CHEAP].right, cost)


def _arithmetic(folders: Folders) -> dict[str, object]:
    """Only answers with a number after an equals sign, each once as it is and once changed."""
    questions = read_set("gsm8k", folders.test or folders.train)
    right = [(asked.id, answer.text) for asked in questions for answer in asked.answers.values() if answer.right]
    pairs = [(name, text, changed) for name, text in right if (changed := with_one_changed(text)) is not None]
    rejected = [(name, _fails_arithmetic(text)) for name, text, _ in pairs]
    accepted = [(name, not _fails_arithmetic(changed)) for name, _, changed in pairs]
    return {
        "false_accept": share_by_question(accepted).told(),
        "false_reject": share_by_question(rejected).told(),
        "n": len(pairs),
    }


def _said(folders: Folders, tell: Tell) -> dict[str, object]:
    tell("citations, policy and tool calls, on answers as they are and with one thing wrong")
    folder = folders.test or folders.train
    cited, policed, called = cited_answers(folder), policed_answers(folder), called_tools(folder)
    of_citations = {
        kind: [(one.sources[0].text, _fails_citations(one)) for one in mutants(cited, kind)]
        for kind in CITATION_MUTATIONS
    }
    of_policy = {
        kind: [(text, _fails_policy(one)) for text, one in zip(policed, broken(policed, kind), strict=True)]
        for kind in POLICY_MUTATIONS
    }
    of_calls = {kind: [(one.said, _fails_grounded(one)) for one in made_up(called, kind)] for kind in GROUND_MUTATIONS}
    return {
        "grounded": _caught(of_calls, [_fails_grounded(one) for one in called]),
        "citations": _caught(of_citations, [_fails_citations(one) for one in cited]),
        "policy": _caught(of_policy, [_fails_policy(one) for one in policed]),
    }


def _caught(kinds: Mapping[str, Sequence[Seen]], untouched: Sequence[bool]) -> dict[str, object]:
    """``caught``: the share of each kind of error. False accepts are of all mutants together."""
    missed = [(text, not seen) for kind in kinds.values() for text, seen in kind]
    return {
        "false_accept": share_by_question(missed).told(),
        "false_reject": share(untouched).told(),
        "n": len(missed) + len(untouched),
        "caught": {kind: share([each for _, each in seen]).told() for kind, seen in kinds.items() if seen},
    }


def _fails_citations(answer: Cited) -> bool:
    return citations(answer.text(), {"every_sentence": True}, answer.sources).verdict == Verdict.FAIL


def _fails_grounded(called: CalledTool) -> bool:
    return grounded(called.question(), called.answer(), {}).verdict == Verdict.FAIL


def _fails_policy(text: str) -> bool:
    return policy(text, {"value": "pack"}, {"pack": PACK}).verdict == Verdict.FAIL


def _fails_arithmetic(text: str) -> bool:
    (check,) = demanded(text, [("arithmetic", {})])
    return check.verdict == Verdict.FAIL


def _judged(row: IfevalRow) -> Iterator[Judged]:
    asked = [demand_of(*told) for told in row.instructions]
    for answer in row.answers.values():
        for demand, theirs in zip(asked, answer.strict, strict=True):
            if demand is not None:
                (ours,) = demanded(answer.text, [demand])
                yield demand[0], Checked(row.name, ours.verdict != Verdict.FAIL, theirs)
