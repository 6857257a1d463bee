"""Which model judges an answer: one that the lane's check names, and not the one that gave the answer. Pure."""

from collections.abc import Iterable, Iterator

from schemas.attempt import Candidate, Choice, Exclusion, Tried, answered_last, looks_at
from schemas.check_settings import Judging
from schemas.content import Body
from schemas.eligibility import why_not
from schemas.models import Endpoint
from schemas.portfolio import Portfolio
from schemas.request import Request
from schemas.vocabulary import Reason, Role
from services.router.domain.choose import Chosen, WhyNotNow, listed
from services.router.domain.cost import expected_micro_usd

TOLD = (Reason.JUDGED_GOOD, Reason.JUDGED_BAD)
LEAST_BYTES_A_TOKEN = 3
PROMPT_TOKENS = 500
"""What a judge is told beside the conversation and the answer."""
ANSWERS_ALONE = ("tools", "json")
"""Abilities that an answer may need, and a judge of it does not."""
WHY = "judges the answer: of the models that the check names, the first that did not give it"
ITSELF = "judges its own answer: of the models that the check names, no other can"


def choose_judge(
    portfolio: Portfolio,
    request: Request,
    judging: Judging,
    tried: tuple[Tried, ...],
    why_not_now: WhyNotNow,
    why_wait: WhyNotNow,
) -> tuple[Chosen | None, tuple[Exclusion, ...]]:
    """The judge of the last answer, and why others were not taken. A second look is the same model's, if it can."""
    looks, answer = looks_at(tried), answered_last(tried)
    free: list[tuple[Candidate, Endpoint]] = []
    excluded: list[Exclusion] = []
    for candidate, endpoint in _paths(portfolio, judging.ask):
        why = (
            _failed_before(candidate, looks)
            or why_not(portfolio, candidate.model, portfolio.models[candidate.model], endpoint, request)
            or why_not_now(candidate)
        )
        if why is None:
            free.append((candidate, endpoint))
        else:
            excluded.append(Exclusion(model=candidate.model, provider=candidate.provider, why=why))
    answered_by, before = answer.model if answer else None, {t.model for t in looks if t.reason in TOLD}
    free.sort(key=lambda way: (way[0].model == answered_by, why_wait(way[0]) is not None, way[0].model not in before))
    if not free:
        return None, tuple(excluded)
    candidate, endpoint = free[0]
    why = ITSELF if candidate.model == answered_by else WHY
    cost = expected_micro_usd(endpoint.price, request)
    choice = Choice(why=why, expected_micro_usd=cost, excluded=tuple(excluded))
    return Chosen(candidate, answer.tier if answer else 0, Role.JUDGE, choice), tuple(excluded)


def as_judged(request: Request, answer: Body) -> Request:
    """The request as a judge of its answer meets it: longer, of any model, and without what only an answer needs."""
    profile = request.profile
    longer = profile.context_tokens + answer.bytes // LEAST_BYTES_A_TOKEN + PROMPT_TOKENS
    needs = tuple(need for need in profile.needs if need not in ANSWERS_ALONE)
    told = profile.model_copy(update={"context_tokens": longer, "needs": needs})
    return request.model_copy(update={"profile": told, "pinned_model": None})


def why_no_judge(lane: str, excluded: Iterable[Exclusion]) -> str:
    """Why nobody can judge, and which line of the portfolio would help."""
    return (
        f"no judge can be asked ({listed(excluded)}): another model in the ask of lanes.{lane}.checks.judge would help"
    )


def _failed_before(path: Candidate, looks: Iterable[Tried]) -> str | None:
    here = (look for look in looks if (look.model, look.provider) == (path.model, path.provider))
    return next((f"it was asked, and {look.reason}" for look in here if look.reason not in TOLD), None)


def _paths(portfolio: Portfolio, names: Iterable[str]) -> Iterator[tuple[Candidate, Endpoint]]:
    for name in names:
        for endpoint in portfolio.models[name].endpoints:
            yield Candidate(model=name, provider=endpoint.provider), endpoint
