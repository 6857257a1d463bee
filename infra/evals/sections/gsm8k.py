"""GSM8K as ZeroEval recorded it: a learned plan of agreement beside each model alone and always the strongest.

Two answers are the same by the product's own agreement check, which reads no answer key. The plan is chosen on one part
and followed on another.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from infra.evals.planner import Bar, Seen, cheapest
from infra.evals.plans import Case, Followed, Plan, Recorded, follow, plans_of
from infra.evals.prices import price_of
from infra.evals.study import Figure, Folders, Tell, figure, splits
from infra.local.recorded.question import Question as Asked
from infra.local.recorded.reading import read_set
from schemas.content import Answer, Question
from services.model_worker.domain.pricing import cost_of, rate_of
from services.model_worker.domain.usage import estimated
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


def measure(folders: Folders, tell: Tell) -> Mapping[str, object]:
    """``gsm8k``: the success of the learned plan and of the strongest, and the share of its cost, with intervals."""
    tell("reading and comparing answers")
    train = cases_of(read_set("gsm8k", folders.train))
    test = cases_of(read_set("gsm8k", folders.test)) if folders.test else None
    tell("following every plan on every question")
    plans = list(plans_of(CHEAP, STRONGEST))
    seen = {plan: _seen(follow(plan, case) for case in train) for plan in plans}
    strongest = _seen(_alone(case, STRONGEST) for case in train)
    place = {case.name: index for index, case in enumerate(train)}
    road: list[tuple[Case, Followed]] = []
    chosen: list[Plan | None] = []
    for number, split in enumerate(splits(train, test, lambda case: case.name), 1):
        tell(f"choosing a plan, part {number}")
        plan, _ = cheapest(seen, strongest, [place[case.name] for case in split.train], BAR)
        chosen.append(plan)
        road.extend((case, follow(plan, case) if plan else _alone(case, STRONGEST)) for case in split.test)
    return {"gsm8k": _report(road, chosen)}


def cases_of(questions: Iterable[Asked]) -> list[Case]:
    """The questions that all models answered."""
    return [_case(question) for question in questions if all(model in question.answers for model in MODELS)]


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
    usage = estimated(len(question.prompt), len(answer.text))
    cost = cost_of(usage, rate_of(price_of(model), "")).micro_usd
    return Recorded(answer.right, cost, len(answer.text))


def _alone(case: Case, model: str) -> Followed:
    answer = case.answers[model]
    return Followed(model, answer.right, answer.cost_micro_usd, (model,))


def _seen(followed: Iterable[Followed]) -> Seen:
    rights, costs = zip(*((one.right, one.cost_micro_usd) for one in followed), strict=True)
    return Seen(rights, costs)


Road = Sequence[tuple[Case, Followed]]


def _report(road: Road, chosen: Sequence[Plan | None]) -> dict[str, object]:
    figures: dict[str, Figure] = {
        "success": figure(road, _success),
        "strongest_success": figure(road, _strongest_success),
        "gain_points": figure(road, lambda part: 100 * (_success(part) - _strongest_success(part))),
        "cost_share": figure(road, _cost_share),
        "asked_the_strongest": figure(road, lambda part: sum(f.model == STRONGEST for _, f in part) / len(part)),
    }
    singles = {
        model: {
            "success": round(sum(case.answers[model].right for case, _ in road) / len(road), 4),
            "cost_share": round(_cost(road, model) / _cost(road, STRONGEST), 4),
        }
        for model in MODELS
    }
    told = {name: each.told() for name, each in figures.items()}
    return {**told, "n": len(road), "singles": singles, "plans": [_described(plan) for plan in chosen]}


def _success(road: Road) -> float:
    return sum(followed.right for _, followed in road) / len(road)


def _strongest_success(road: Road) -> float:
    return sum(case.answers[STRONGEST].right for case, _ in road) / len(road)


def _cost_share(road: Road) -> float:
    return sum(followed.cost_micro_usd for _, followed in road) / _cost(road, STRONGEST)


def _cost(road: Road, model: str) -> int:
    return sum(case.answers[model].cost_micro_usd for case, _ in road)


def _described(plan: Plan | None) -> str:
    if plan is None:
        return f"{STRONGEST} alone: no plan clears the bar for less"
    first, second = plan.pair
    sure = "" if plan.sure_characters is None else f" in at most {plan.sure_characters} characters"
    third = "" if plan.third is None else f", then {plan.third} (believed with {_names(plan)})"
    return f"{first} and {second} agree{sure}{third}, then {plan.strongest}"


def _names(plan: Plan) -> str:
    return " or ".join(plan.pair[index] for index in sorted(plan.believed)) or "neither"
