"""IFEval as M-IFEval recorded it: models asked in turn until one meets all demands, as a program checks them.

Twice: with the demands given, as a client gives them in ``checks``; and with those that are found in the prompt alone.
The recorded verdicts only score what was accepted.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import permutations, product

from infra.evals.demands_given import demand_of
from infra.evals.ladders import Case, Ladder, columns_of, follow, seen
from infra.evals.planner import Limits, best_within
from infra.evals.plans import Recorded
from infra.evals.prices import price_of
from infra.evals.road import Road, alone, beside, taken
from infra.evals.study import Folders, Tell, figure, some
from infra.local.recorded.ifeval import IfevalRow, read_rows
from infra.local.recorded.ladder import modelled_micro_usd
from schemas.vocabulary import Verdict
from services.validator.domain.demands import Asked, demanded
from services.validator.domain.found_demands import found_in

STRONGEST = "gpt-4o-2024-08-06"
CHEAP = (
    "hugging-quants/Meta-Llama-3.1-8B-Instruct-AWQ-INT4",
    "Qwen/Qwen2.5-3B-Instruct-GPTQ-Int4",
    "Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4",
    "Qwen/Qwen2.5-14B-Instruct-GPTQ-Int4",
    "Qwen/Qwen2.5-32B-Instruct-GPTQ-Int4",
    "mistralai/Mistral-7B-Instruct-v0.3",
    "gpt-4o-mini-2024-07-18",
    "claude-3-haiku-20240307",
)
"""All whose answers cost a tenth of the strongest's, or less, and meet all demands at least half as often."""
LONGEST = 5
"""So many of them are asked, at the most, before the strongest."""
LIMITS = Limits(cost=0.14)
"""What a plan may cost beside the strongest, where it was learned: a little under the 15 % that it is to keep to."""
PATIENCES_S = (4.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0)
ALONE = Ladder((STRONGEST,))
Demands = Callable[[IfevalRow], Sequence[Asked]]
"""What is asked of the answers to a prompt."""


def measure(folders: Folders, tell: Tell) -> Mapping[str, object]:
    """``ifeval``: strict success of the learned order and of the strongest, and the share of its cost.

    ``ifeval_found``: the same by the prompt alone, with the share of the demands that was found, and of false ones.
    """
    with_given, with_found = learned(folders, tell, LIMITS), learned(folders, tell, LIMITS, found)
    looked = _finding(read_rows(folders.test or folders.train))
    singles = {model: alone(with_given[0], model, STRONGEST) for model in (STRONGEST, *CHEAP)}
    return {"ifeval": {**_report(*with_given), "singles": singles}, "ifeval_found": {**_report(*with_found), **looked}}


def given(row: IfevalRow) -> Sequence[Asked]:
    """The demands of a prompt's instructions."""
    return [demand for told in row.instructions if (demand := demand_of(*told)) is not None]


def found(row: IfevalRow) -> Sequence[Asked]:
    """Those that its words say."""
    return found_in(row.prompt)


def learned(
    folders: Folders,
    tell: Tell,
    limits: Limits,
    demands: Demands = given,
    patiences: Sequence[float | None] = (None,),
    longest: int = LONGEST,
) -> tuple[Road[Case], Sequence[Ladder]]:
    """The road of every question through the best order within the limits, learned without it; and the orders.

    ``longest``: so many cheap models are in an order at the most, with each of the ``patiences``.
    """
    tell("checking every demand of every answer")
    train = cases_of(read_rows(folders.train), demands)
    test = cases_of(read_rows(folders.test), demands) if folders.test else None
    orders = [order for size in range(1, longest + 1) for order in permutations(CHEAP, size)]
    ladders = product([each for order in orders for each in (order, (*order, STRONGEST))], patiences)
    tell("following every order on every prompt")
    columns = columns_of(train, (*CHEAP, STRONGEST))
    plans = {ladder: seen(ladder, columns) for ladder in (Ladder(*each) for each in ladders)}
    strongest = seen(ALONE, columns)
    tell("choosing orders")
    return taken(train, test, lambda within: best_within(plans, strongest, within, limits) or ALONE, follow)


def cases_of(rows: Sequence[IfevalRow], demands: Demands) -> list[Case]:
    """The prompts that all these models answered."""
    asked = (*CHEAP, STRONGEST)
    return [*some([_case(row, demands(row)) for row in rows if all(model in row.answers for model in asked)], asked)]


def _case(row: IfevalRow, asked: Sequence[Asked]) -> Case:
    models = (*CHEAP, STRONGEST)
    passed = (
        model
        for model in models
        if all(check.verdict != Verdict.FAIL for check in demanded(row.answers[model].text, asked))
    )
    return Case(row.name, {model: _recorded(row, model) for model in models}, frozenset(passed))


def _recorded(row: IfevalRow, model: str) -> Recorded:
    answer = row.answers[model]
    modelled = modelled_micro_usd(price_of(model), row.prompt, answer.text)
    return Recorded(all(answer.strict), modelled, len(answer.text))


def _report(road: Road[Case], chosen: Sequence[Ladder]) -> dict[str, object]:
    told = {name: each.told() for name, each in beside(road, STRONGEST).items()}
    return {**told, "n": len(road), "plans": [described(ladder) for ladder in chosen]}


def described(ladder: Ladder) -> str:
    """A learned order in words."""
    within = "" if ladder.patience_s is None else f", nobody after {ladder.patience_s:g} s"
    return f"{', then '.join(ladder.models)}{within}"


def _finding(rows: Sequence[IfevalRow]) -> dict[str, dict[str, float]]:
    """How many of the instructions' demands are found in the prompts, and how many that are found are none of them."""
    sets = [({_plain(demand) for demand in given(row)}, _found_beside_english(row)) for row in rows]
    return {
        "found": figure(sets, lambda part: _shared(part) / sum(len(asked) for asked, _ in part)).told(),
        "false": figure(sets, lambda part: 1 - _shared(part) / sum(len(seen) for _, seen in part)).told(),
    }


def _found_beside_english(row: IfevalRow) -> set[str]:
    """What its words say; but that an answer is to be in English is part of what IFEval's demands of case mean."""
    return {_plain(demand) for demand in found(row) if demand != ("language", {"value": "en"})}


def _shared(part: Sequence[tuple[set[str], set[str]]]) -> int:
    return sum(len(asked & seen) for asked, seen in part)


def _plain(demand: Asked) -> str:
    """A demand so that two of one meaning are equal: no case, no order, no separator of paragraphs (there is one)."""
    name, settings = demand
    told = {key: value for key, value in settings.items() if (name, key) != ("paragraphs", "separator")}
    levelled = {key: sorted(value) if isinstance(value, list | tuple) else value for key, value in told.items()}
    return json.dumps([name, levelled], sort_keys=True).lower()
