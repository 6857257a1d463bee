"""A lane's mirror: some of its requests are asked in another lane, too, to measure that one, and answer nobody."""

from datetime import timedelta

from schemas.deadlines import attempt_deadline
from schemas.ids import is_drawn, mirror_id_of, mirror_lot_of
from schemas.money import micro_from_usd
from schemas.portfolio import Lane, Portfolio
from schemas.request import Profile, Request, RequestProfiled
from schemas.vocabulary import MIRROR


def mirrored(event: RequestProfiled, portfolio: Portfolio, longest_deadline_s: float) -> RequestProfiled | None:
    """The same request in the lane that mirrors its own; ``None`` for one that is not asked twice.

    Told by its id, so that it always is. No model is asked for one that was refused or recalled.
    """
    asked = event.request
    mirror = portfolio.lanes[asked.lane].mirror
    if mirror is None or not is_drawn(mirror_lot_of(asked.request_id), mirror.share):
        return None
    if event.refusal or event.recalled or asked.wants_vectors or _is_for_its_own_alone(event):
        return None
    request = _for_nobody(asked, mirror.lane, portfolio.lanes[mirror.lane], longest_deadline_s)
    until = attempt_deadline(request.admitted_at, request.deadline_at, request.max_attempts)
    return event.model_copy(update={"request": request, "attempt_deadline_at": until})


def _is_for_its_own_alone(event: RequestProfiled) -> bool:
    """Whether its content is kept for this request, or its answer goes to a topic of its client's own."""
    return bool(event.body.ref or event.body.key_id or event.request.reply_to)


def _for_nobody(request: Request, name: str, lane: Lane, longest_deadline_s: float) -> Request:
    """Within the limits of the mirroring lane, without what its own client wished for."""
    return request.model_copy(
        update={
            "request_id": mirror_id_of(request.request_id),
            "tenant": MIRROR,
            "lane": name,
            "deadline_at": request.admitted_at + timedelta(seconds=min(lane.deadline_s, longest_deadline_s)),
            "budget_micro_usd": micro_from_usd(lane.budget_usd) if lane.budget_usd is not None else None,
            "max_attempts": lane.max_attempts,
            "metadata": {},
            "profile": _told(request.profile, request),
            **dict.fromkeys(("session", "pinned_model", "reply_key", "keep", "live")),
        }
    )


def _told(profile: Profile, request: Request) -> Profile:
    return profile.model_copy(update={"why": f"mirror of {request.request_id}: {profile.why}"})
