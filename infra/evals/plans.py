"""A plan of agreement: which models are asked, whose agreement is believed, and who answers in the end. Pure.

Two cheap models that say the same are as good as a strong one, on questions with an answer that can be compared; how
far that holds depends on who they are and on how much they had to write, so plans differ in both, and are measured.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

SURE_CHARACTERS = (600, 800, 1_000, 1_200, 1_500, 2_000)
"""What two answers may have together for their agreement to be enough: a long way to an answer is a hard question's."""
BELIEVED = (frozenset[int](), frozenset({0}), frozenset({1}), frozenset({0, 1}))


@dataclass(frozen=True, slots=True)
class Recorded:
    """One model's answer to a question: whether it was right, what it cost, and its length."""

    right: bool
    cost_micro_usd: int
    characters: int


@dataclass(frozen=True, slots=True)
class Case:
    """A question with the recorded answers to it. ``agree``: the pairs of models whose answers are the same."""

    name: str
    answers: Mapping[str, Recorded]
    agree: frozenset[frozenset[str]]

    def same(self, one: str, other: str) -> bool:
        """Whether two models gave the same answer."""
        return frozenset((one, other)) in self.agree


@dataclass(frozen=True, slots=True)
class Plan:
    """Ask ``pair``; then ``third``; then ``strongest``, whose answer stands.

    The pair is believed when it agrees in at most ``sure_characters`` (``None``: in any). ``third`` settles what the
    pair does not: where it differs, by agreeing with one of ``believed`` (0 or 1); where it agrees at length, too.
    """

    pair: tuple[str, str]
    third: str | None
    strongest: str
    sure_characters: int | None = None
    believed: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Followed:
    """What a plan comes to on a question: whose answer, and what all that were asked cost. ``asked``: one by one."""

    model: str
    right: bool
    cost_micro_usd: int
    asked: tuple[str, ...]


def follow(plan: Plan, case: Case) -> Followed:
    """The road of a question through a plan. Nothing but the answers themselves decides."""
    first, second = plan.pair
    asked = [first, second]
    is_agreed = case.same(first, second)
    if is_agreed and _is_sure(plan, case):
        return _ended(case, second, asked)
    if plan.third is not None:
        asked.append(plan.third)
        if _settles(plan, case, plan.third, is_agreed=is_agreed):
            return _ended(case, plan.third, asked)
    asked.append(plan.strongest)
    return _ended(case, plan.strongest, asked)


def follow_in_turn(order: Sequence[str], strongest: str, case: Case) -> Followed:
    """Ask one after the other until two have said the same; the strongest when nobody has."""
    asked = list[str]()
    for model in order:
        asked.append(model)
        if any(case.same(model, other) for other in asked[:-1]):
            return _ended(case, model, asked)
    return _ended(case, strongest, [*asked, strongest])


def _is_sure(plan: Plan, case: Case) -> bool:
    written = sum(case.answers[model].characters for model in plan.pair)
    return plan.sure_characters is None or written <= plan.sure_characters


def _settles(plan: Plan, case: Case, third: str, *, is_agreed: bool) -> bool:
    if is_agreed:
        return case.same(third, plan.pair[1])
    return any(case.same(third, plan.pair[index]) for index in plan.believed)


def _ended(case: Case, model: str, asked: Sequence[str]) -> Followed:
    cost = sum(case.answers[name].cost_micro_usd for name in asked)
    return Followed(model, case.answers[model].right, cost, tuple(asked))


def plans_of(cheap: Sequence[str], strongest: str) -> Iterator[Plan]:
    """All plans over these models."""
    for first, second in permutations(cheap, 2):
        for sure in (None, *SURE_CHARACTERS):
            yield Plan((first, second), None, strongest, sure)
            others = (model for model in cheap if model not in (first, second))
            yield from (
                Plan((first, second), third, strongest, sure, believed) for third in others for believed in BELIEVED
            )
