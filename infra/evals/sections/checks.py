"""How often the product's demands are wrong, on recorded answers that IFEval's own program judged demand by demand."""

from collections import Counter
from collections.abc import Iterator, Mapping

from infra.evals.demands_given import demand_of
from infra.evals.study import Folders, Tell
from infra.local.recorded.ifeval import IfevalRow, read_rows
from schemas.vocabulary import Verdict
from services.validator.domain.demands import demanded

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
    return {"checks": {**rates, "demands_agree": round(right / len(judged), 4), "demands_n": len(judged)}}


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
