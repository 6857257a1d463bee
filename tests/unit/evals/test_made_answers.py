"""Answers made from given texts: one thing is wrong in each, the same thing every time, and nothing else."""

from dataclasses import replace

import pytest

from infra.evals.called_tools import GROUND_MUTATIONS, CalledTool, made_up
from infra.evals.cited_answers import CITATION_MUTATIONS, Cited, mutants
from infra.evals.policed_answers import DISCLAIMER, PACK, POLICY_MUTATIONS, broken
from schemas.content import Source
from schemas.vocabulary import Verdict
from services.validator.domain.citations import citations
from services.validator.domain.grounding import grounded
from services.validator.domain.policy import policy

HERE = "The shop in Bern opens at 10 every day of the week. A ticket for the boat costs 25 francs in summer."
THERE = "Dogs may come along when they are on a short lead. Children below 6 years travel with no ticket."
ANSWER = Cited(
    sources=(Source(id="s1", text=HERE), Source(id="s2", text=THERE)),
    again="The shop in Bern opens at 10 every day of the week",
    again_cites="s1",
    quote="a ticket for the boat costs 25 francs in summer",
    quote_cites="s1",
    bracket="[{}]",
    marks='"{}"',
)
TEXT = f"The boat leaves at 10 and comes back at 12.\n\n{DISCLAIMER}"
NOT_SEEN = {"negated", "planted_password", "promise_in_other_words"}


def verdict_of_citations(answer: Cited) -> str:
    return citations(answer.text(), {"every_sentence": True}, answer.sources).verdict


def verdict_of_policy(text: str) -> str:
    return policy(text, {"value": "pack"}, {"pack": PACK}).verdict


def test_what_is_made_is_right_as_it_is() -> None:
    assert verdict_of_citations(ANSWER) == Verdict.PASS
    assert verdict_of_policy(TEXT) == Verdict.PASS


@pytest.mark.parametrize("kind", CITATION_MUTATIONS)
def test_a_mutant_cites_wrongly_and_is_the_same_every_time(kind: str) -> None:
    (mutant,) = mutants([ANSWER], kind)
    assert mutant.text() != ANSWER.text()
    assert [mutant] == list(mutants([ANSWER], kind))
    assert (verdict_of_citations(mutant) == Verdict.FAIL) is (kind not in NOT_SEEN)


def test_a_number_is_changed_only_where_there_is_one() -> None:
    assert list(mutants([replace(ANSWER, again="The shop in Bern is open")], "changed_number")) == []


@pytest.mark.parametrize("kind", POLICY_MUTATIONS)
def test_a_mutant_breaks_the_pack_and_is_the_same_every_time(kind: str) -> None:
    (mutant,) = broken([TEXT], kind)
    assert [mutant] == list(broken([TEXT], kind))
    assert (verdict_of_policy(mutant) == Verdict.FAIL) is (kind not in NOT_SEEN)


CALLS = [
    CalledTool("Ann lives at 12 Mill Road.", ("person", "address"), {"person": "Ann", "address": "12 Mill Road"}),
    CalledTool("Bob called from 555-0199.", ("person", "phone"), {"person": "Bob", "phone": "555-0199"}),
]


def verdict_of_call(call: CalledTool) -> str:
    return grounded(call.question(), call.answer(), {}).verdict


def test_calls_by_what_was_said_are_right_as_they_are() -> None:
    assert {verdict_of_call(call) for call in CALLS} == {Verdict.PASS}


@pytest.mark.parametrize("kind", GROUND_MUTATIONS)
def test_what_is_made_up_in_a_call_is_seen_and_the_same_each_time(kind: str) -> None:
    found = list(made_up(CALLS, kind))
    assert found == list(made_up(CALLS, kind))
    assert len(found) == len(CALLS)
    assert {verdict_of_call(call) for call in found} == {Verdict.FAIL}
