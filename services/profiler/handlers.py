"""What the profiler answers to what it hears."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from schemas.content import INLINE, Contents, Owner
from schemas.money import micro_from_usd
from schemas.outcome import RequestCompleted, RequestFailed
from schemas.reaction import DONE, NOTHING, Reaction, Received, Refused, Said, Saying, Write
from schemas.request import RequestProfiled, RequestSubmitted
from schemas.standing import PortfolioRevised
from services.profiler.domain.admit import (
    REUSED,
    ContentUnreadable,
    Terms,
    admission_of,
    as_trusted,
    client_of,
    fits,
    id_of,
    identity_of,
    in_the_open,
    is_gateway,
    json_object,
    profile,
    refuse,
    refused_as_too_large,
    tenant_of,
    with_content,
    without_answer,
)
from services.profiler.domain.budget import hold_of, refused
from services.profiler.domain.classify import Classifier
from services.profiler.domain.mirror import mirrored

REUSED_DETAIL = "this request_id was admitted before with another body: use a new request_id for a new request"
REFUSED_AS_REUSED = (Refused("request_id_reused", REUSED_DETAIL),)

SEALED_BY_OTHERS = "body: sealed content counts on the gateway's own topic alone: send the content itself"


class Unreadable(Protocol):
    """Why a record is no request."""

    reason: str
    detail: str


class Revisions(Protocol):
    """The portfolio in force."""

    @property
    def current(self) -> PortfolioRevised: ...


@dataclass(frozen=True, slots=True)
class Handlers:
    """``intake``: the topic's name on the cluster; ``largest_event_bytes``: what a request's events may take."""

    revisions: Revisions
    intake: str
    reply_topics: frozenset[str]
    longest_deadline_s: float
    largest_event_bytes: int
    contents: Contents = INLINE
    classifier: Classifier | None = None

    def on_request_submitted(self, event: RequestSubmitted, received: Received) -> Reaction:
        """Admit it once, and say what it asks."""
        current = self.revisions.current
        event = as_trusted(event, received, self.intake)
        request_id = id_of(event, received)
        tenant = tenant_of(event.tenant, received, self.intake)
        try:
            asked = event
            if event.body is not None:
                if event.body.key_id is not None and not is_gateway(received, self.intake):
                    raise ContentUnreadable(SEALED_BY_OTHERS)
                asked = with_content(event, self.contents.text(event.body, request_id))
        except ContentUnreadable as error:
            value = {"request_id": str(event.request_id)}
            unreadable = refuse(value, str(error), received, tenant, current.portfolio, self._terms(current, received))
            return self._admit(unreadable, identity_of(event), received)
        terms = self._terms(current, received)
        profiled = profile(asked, received, tenant, current.portfolio, terms, self.classifier)
        if current.portfolio.seals(profiled.request.data_class, has_keys=terms.has_keys):
            profiled = self._sealed(profiled)
        if profiled.recalled and not fits(profiled, len(received.value), self.largest_event_bytes):
            profiled = without_answer(profiled)
        if not fits(profiled, len(received.value), self.largest_event_bytes):
            profiled = refused_as_too_large(profiled, self.largest_event_bytes)
        return self._admit(profiled, identity_of(in_the_open(event, asked)), received)

    def on_unreadable(self, error: Unreadable, received: Received) -> Reaction:
        """A JSON object gets an honest ``request.failed``; anything else is a dead letter."""
        value = json_object(received.value)
        if value is None:
            return Reaction(says=(Refused(error.reason, error.detail),))
        current = self.revisions.current
        tenant = tenant_of(None, received, self.intake)
        unreadable = refuse(value, error.detail, received, tenant, current.portfolio, self._terms(current, received))
        return self._admit(unreadable, received.value, received)

    def on_request_completed(self, event: RequestCompleted, received: Received) -> Reaction:
        """What it held of its tenant's budget is free, and what it cost is spent."""
        return self._settle(event)

    def on_request_failed(self, event: RequestFailed, received: Received) -> Reaction:
        """The same: attempts cost, whatever became of them."""
        return self._settle(event)

    def _settle(self, end: RequestCompleted | RequestFailed) -> Reaction:
        if self.revisions.current.portfolio.tenant(end.tenant) is None:
            return NOTHING
        return Reaction(writes=(Write("settlements", end.request_id, micro_from_usd(end.cost_usd)),))

    def _admit(self, profiled: RequestProfiled, content: bytes, received: Received) -> Reaction:
        hold = hold_of(profiled, self.revisions.current.portfolio.tenant(profiled.request.tenant))
        admission = admission_of(profiled, content, received, hold)
        then: dict[str, tuple[Saying, ...]] = {DONE: (Said(profiled),), REUSED: REFUSED_AS_REUSED}
        if hold is not None:
            then |= {outcome: (Said(event),) for outcome, event in refused(profiled, hold).items()}
        write = Write("admissions", admission.request_id, admission, then)
        return Reaction(writes=(write, *self._mirrored(profiled, content, received)))

    def _mirrored(self, profiled: RequestProfiled, content: bytes, received: Received) -> Iterator[Write]:
        """What is asked for nobody is admitted once, too; where its budget has no room, nothing is said of it."""
        portfolio = self.revisions.current.portfolio
        if (event := mirrored(profiled, portfolio, self.longest_deadline_s)) is not None:
            hold = hold_of(event, portfolio.tenant(event.request.tenant))
            admission = replace(admission_of(event, content, received, hold), mirrors=profiled.request.request_id)
            yield Write("admissions", admission.request_id, admission, {DONE: (Said(event),)})

    def _sealed(self, profiled: RequestProfiled) -> RequestProfiled:
        """The same, its content for those who hold keys. What came sealed stays so."""
        body, request = profiled.body, profiled.request
        if body.key_id is not None:
            return profiled
        content = self.contents.text(body, request.request_id).encode()
        owner = Owner(request.request_id, request.tenant, request.admitted_at.date())
        sealed = self.contents.sealed(content, owner, by_reference=body.ref is not None)
        return profiled.model_copy(update={"body": sealed})

    def _terms(self, current: PortfolioRevised, received: Received) -> Terms:
        client, streams = client_of(received, self.intake), is_gateway(received, self.intake)
        return Terms(
            current.revision, self.longest_deadline_s, self.reply_topics, client, streams, self.contents.can_seal
        )
