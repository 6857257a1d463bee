"""GSM8K as ZeroEval recorded it: a learned plan of agreement beside each model alone and always the strongest.

Two answers are the same by the product's own agreement check, which reads no answer key. The plan is chosen on one part
and followed on another.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, permutations

from infra.evals.planner import Bar, Limits, Seen, best_within, cheapest
from infra.evals.plans import Case, Followed, Plan, Recorded, follow, follow_in_turn, plans_of
from infra.evals.prices import price_of
from infra.evals.road import Road, alone, beside, cost, cost_of, success, success_of, taken
from infra.evals.study import Folders, Tell, figure, some
from infra.local.recorded.ladder import modelled_micro_usd
from infra.local.recorded.question import Question as Asked
from infra.local.recorded.reading import read_set
from schemas.content import Answer, Question
from services.validator.domain.agreement import compared

STRONGEST = "claude-3-5-sonnet-20241022"
CHEAP = (
    "gpt-4o-mini-2024-07-18",
    "gpt-3.5-turbo-0125",
    "gemini-1.5-flash",
    "gemma-2-9b-it",
    "gemma-2-2b-it",
    "Meta-Llama-3.1-8B-Instruct",
)
MODELS = (STRONGEST, "gpt-4o-2024-08-06", *CHEAP)
BAR = Bar()
FRONTIER = (0.10, 0.12, 0.16, 0.20)
"""Shares of the strongest's cost, where it was learned."""
WEAK_CHECK = Plan(("gemma-2-2b-it", "gpt-3.5-turbo-0125"), None, STRONGEST)
"""Two that are often wrong, believed whenever they agree: shown beside, since it saves money and is refused."""


def measure(folders: Folders, tell: Tell) -> Mapping[str, object]:
    """``gsm8k``: the success of the learned plan and of the strongest, and the share of its cost, with intervals."""
    tell("reading and comparing answers")
    train = cases_of(read_set("gsm8k", folders.train))
    test = cases_of(read_set("gsm8k", folders.test)) if folders.test else None
    tell("following every plan on every question")
    plans = list(plans_of(CHEAP, STRONGEST))
    seen = {plan: _seen(follow(plan, case) for case in train) for plan in plans}
    strongest = _seen(_alone(case, STRONGEST) for case in train)
    tell("choosing plans")
    road, chosen = taken(
        train,
        test,
        lambda within: cheapest(seen, strongest, within, BAR)[0],
        lambda plan, case: follow(plan, case) if plan else _alone(case, STRONGEST),
    )
    weak, frontier = _weak_check(test or train, chosen), _frontier(train, test, strongest)
    return {"gsm8k": {**_report(road, chosen), "weak_check": weak, "frontier": frontier}}


def _frontier(train: Sequence[Case], test: Sequence[Case] | None, strongest: Seen) -> dict[str, object]:
    """What cheap models asked in turn until two agree come to: the most successes within each share of the cost."""
    orders = [order for size in (2, 3) for order in permutations(CHEAP, size)]
    seen = {order: _seen(follow_in_turn(order, STRONGEST, case) for case in train) for order in orders}
    told: dict[str, object] = {}
    for most in FRONTIER:
        limits = Limits(cost=most)
        road, chosen = taken(
            train,
            test,
            lambda within, limits=limits: best_within(seen, strongest, within, limits) or (),
            lambda order, case: follow_in_turn(order, STRONGEST, case),
        )
        figures = beside(road, STRONGEST)
        within = {name: figures[name].told() for name in ("success", "gain_points", "cost_share")}
        told[f"within_{100 * most:.0f}"] = {**within, "plans": [", then ".join(order) for order in chosen]}
    return told


def cases_of(questions: Iterable[Asked]) -> list[Case]:
    """The questions that all models answered."""
    found = [_case(question) for question in questions if all(model in question.answers for model in MODELS)]
    return [*some(found, MODELS)]


def _case(question: Asked) -> Case:
    asked = Question(messages=({"role": "user", "content": question.prompt},))
    answers = {
        model: Answer(message={"role": "assistant", "content": question.answers[model].text}, finish_reason="stop")
        for model in CHEAP
    }
    pairs = combinations(CHEAP, 2)
    same = (frozenset(pair) for pair in pairs if compared(asked, answers[pair[0]], answers[pair[1]]).same)
    return Case(question.id, {model: _recorded(question, model) for model in MODELS}, frozenset(same))


def _recorded(question: Asked, model: str) -> Recorded:
    answer = question.answers[model]
    modelled = modelled_micro_usd(price_of(model), question.prompt, answer.text)
    return Recorded(answer.right, modelled, len(answer.text))


def _alone(case: Case, model: str) -> Followed:
    answer = case.answers[model]
    return Followed(model, answer.right, answer.cost_micro_usd, (model,))


def _seen(followed: Iterable[Followed]) -> Seen:
    rights, costs = zip(*((one.right, one.cost_micro_usd) for one in followed), strict=True)
    return Seen.of(rights, costs)


def _report(road: Road[Case], chosen: Sequence[Plan | None]) -> dict[str, object]:
    figures = {
        **beside(road, STRONGEST),
        "asked_the_strongest": figure(road, lambda part: sum(f.model == STRONGEST for _, f in part) / len(part)),
    }
    singles = {model: alone(road, model, STRONGEST) for model in MODELS}
    told = {name: each.told() for name, each in figures.items()}
    return {**told, "n": len(road), "singles": singles, "plans": [_described(plan) for plan in chosen]}


def _weak_check(cases: Sequence[Case], chosen: Sequence[Plan | None]) -> dict[str, object]:
    """What the plan with the weak check would have come to, and how often the planner chose it."""
    road = [(case, follow(WEAK_CHECK, case)) for case in cases]
    gain = figure(road, lambda part: 100 * (success(part) - success_of(part, STRONGEST)))
    share = figure(road, lambda part: cost(part) / cost_of(part, STRONGEST))
    return {"gain_points": gain.told(), "cost_share": share.told(), "chosen": chosen.count(WEAK_CHECK)}


def _described(plan: Plan | None) -> str:
    if plan is None:
        return f"{STRONGEST} alone: no plan clears the bar for less"
    first, second = plan.pair
    sure = "" if plan.sure_characters is None else f" in at most {plan.sure_characters} characters"
    third = "" if plan.third is None else f", then {plan.third} (believed with {_names(plan)})"
    return f"{first} and {second} agree{sure}{third}, then {plan.strongest}"


def _names(plan: Plan) -> str:
    return " or ".join(plan.pair[index] for index in sorted(plan.believed)) or "neither"
