"""What the profiler answers to what it hears."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple, Protocol

from schemas.content import INLINE, Body, Contents, Owner
from schemas.money import micro_from_usd
from schemas.outcome import RequestCompleted, RequestFailed
from schemas.portfolio import Portfolio
from schemas.reaction import NOTHING, NotYet, Reaction, Received, Refused, Write
from schemas.request import RequestProfiled, RequestSubmitted
from schemas.standing import PortfolioRevised
from services.profiler.domain.admit import (
    Admission,
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
from services.profiler.domain.budget import Spent, hold_of
from services.profiler.domain.by_outcome import ByOutcome, says_of, says_of_mirror
from services.profiler.domain.classify import Classifier
from services.profiler.domain.known_texts import KnownTexts
from services.profiler.domain.mirror import mirrored

SEALED_BY_OTHERS = "body: sealed content counts on the gateway's own topic alone: send the content itself"


class Unreadable(Protocol):
    """Why a record is no request."""

    reason: str
    detail: str


class Revisions(Protocol):
    """The portfolio in force, and those before it."""

    @property
    def current(self) -> PortfolioRevised: ...

    def revision(self, name: str) -> Portfolio:
        """One by name. Raises :class:`schemas.reaction.NotYet` for one that is not at hand."""
        ...


class By(NamedTuple):
    """A revision that a record is decided by. ``sealed``: its body, where the content is sealed already."""

    revision: str
    portfolio: Portfolio
    sealed: Body | None = None


ClassifierOf = Callable[[str, Portfolio], Classifier | None]
"""The classifier of a revision, where it has one. Raises ``NotYet`` while it is learned."""


def no_classifier(revision: str, portfolio: Portfolio) -> Classifier | None:
    """None: a request's class is told by its name and its form alone."""
    return None


Decide = Callable[[By], RequestProfiled]
Before = Callable[[str], tuple[RequestProfiled, Portfolio]]
"""What an earlier revision decides of it, by that one's name. Raises ``NotYet``."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """``intake``: the topic's name on the cluster; ``largest_event_bytes``: what a request's events may take."""

    revisions: Revisions
    intake: str
    reply_topics: frozenset[str]
    longest_deadline_s: float
    largest_event_bytes: int
    contents: Contents = INLINE
    texts: KnownTexts = field(default_factory=KnownTexts)
    classifier_of: ClassifierOf = no_classifier

    def on_request_submitted(self, event: RequestSubmitted, received: Received) -> Reaction:
        """Admit it once, and say what it asks."""
        event = as_trusted(event, received, self.intake)
        tenant = tenant_of(event.tenant, received, self.intake)
        try:
            asked = self._opened(event, received)
        except ContentUnreadable as error:
            value = {"request_id": str(event.request_id)}
            decide = partial(self._refused, value, str(error), received, tenant)
            return self._admit(decide, identity_of(event), received)
        content = identity_of(in_the_open(event, asked))
        return self._admit(partial(self._profiled, asked, received, tenant), content, received)

    def on_unreadable(self, error: Unreadable, received: Received) -> Reaction:
        """A JSON object gets an honest ``request.failed``; anything else is a dead letter."""
        value = json_object(received.value)
        if value is None:
            return Reaction(says=(Refused(error.reason, error.detail),))
        tenant = tenant_of(None, received, self.intake)
        return self._admit(partial(self._refused, value, error.detail, received, tenant), received.value, received)

    def on_request_completed(self, event: RequestCompleted, received: Received) -> Reaction:
        """What it held of its tenant's budget is free, and what it cost is spent."""
        return self._settle(event)

    def on_request_failed(self, event: RequestFailed, received: Received) -> Reaction:
        """The same: attempts cost, whatever became of them."""
        return self._settle(event)

    def _settle(self, end: RequestCompleted | RequestFailed) -> Reaction:
        """What its row held is settled, though its tenant has no budget any more."""
        if not self._may_hold(end):
            return NOTHING
        bounded = micro_from_usd(end.bounded_usd)
        spent = Spent(micro_from_usd(end.cost_usd) - bounded, bounded)
        return Reaction(writes=(Write("settlements", end.request_id, spent),))

    def _may_hold(self, end: RequestCompleted | RequestFailed) -> bool:
        """By the revision that let it in; where that is not at hand, its row knows."""
        try:
            return self.revisions.revision(end.revision).tenant(end.tenant) is not None
        except NotYet:
            return True

    def _opened(self, event: RequestSubmitted, received: Received) -> RequestSubmitted:
        """The request with its content, wherever that is kept. Raises :class:`ContentUnreadable`."""
        if event.body is None:
            return event
        if event.body.is_sealed and not is_gateway(received, self.intake):
            raise ContentUnreadable(SEALED_BY_OTHERS)
        return with_content(event, self.contents.text(event.body, id_of(event, received)))

    def _profiled(self, asked: RequestSubmitted, received: Received, tenant: str, by: By) -> RequestProfiled:
        terms = self._terms(by.revision, received)
        classifier = self.classifier_of(by.revision, by.portfolio)
        profiled = profile(asked, received, tenant, by.portfolio, terms, classifier, self.texts.kinds_in)
        if by.portfolio.seals(profiled.request.data_class, has_keys=terms.has_keys):
            profiled = profiled.model_copy(update={"body": by.sealed}) if by.sealed else self._sealed(profiled)
        if profiled.recalled and not fits(profiled, len(received.value), self.largest_event_bytes):
            profiled = without_answer(profiled)
        if not fits(profiled, len(received.value), self.largest_event_bytes):
            profiled = refused_as_too_large(profiled, self.largest_event_bytes)
        return profiled

    def _refused(self, value: Any, detail: str, received: Received, tenant: str, by: By) -> RequestProfiled:
        return refuse(value, detail, received, tenant, by.portfolio, self._terms(by.revision, received))

    def _admit(self, decide: Decide, content: bytes, received: Received) -> Reaction:
        """The row that lets it in, and what is said; where the record let it in before, as was decided then."""
        now = By(self.revisions.current.revision, self.revisions.current.portfolio)
        profiled = decide(now)
        sealed = profiled.body if profiled.body.is_sealed else None

        def before(name: str) -> tuple[RequestProfiled, Portfolio]:
            then = By(name, self.revisions.revision(name), sealed)
            return decide(then), then.portfolio

        hold = hold_of(profiled, now.portfolio.tenant(profiled.request.tenant))
        admission = admission_of(profiled, content, received, hold)
        says = ByOutcome(says_of(profiled, now.portfolio), lambda name: says_of(*before(name)))
        write = Write("admissions", admission.request_id, admission, says)
        return Reaction(writes=(write, *self._mirrored(profiled, now.portfolio, admission, before)))

    def _mirrored(
        self, profiled: RequestProfiled, portfolio: Portfolio, first: Admission, before: Before
    ) -> Iterator[Write]:
        """What is asked for nobody is admitted once, too; where its budget has no room, nothing is said of it."""
        longest_s = self.longest_deadline_s
        if (event := mirrored(profiled, portfolio, longest_s)) is not None:
            request_id, tenant = event.request.request_id, event.request.tenant
            hold = hold_of(event, portfolio.tenant(tenant))
            row = replace(first, request_id=request_id, tenant=tenant, hold=hold, mirrors=first.request_id)
            says = ByOutcome(says_of_mirror(event), lambda name: says_of_mirror(mirrored(*before(name), longest_s)))
            yield Write("admissions", request_id, row, says)

    def _sealed(self, profiled: RequestProfiled) -> RequestProfiled:
        """The same, its content for those who hold keys. What came sealed stays so."""
        body, request = profiled.body, profiled.request
        if body.is_sealed:
            return profiled
        content = self.contents.text(body, request.request_id).encode()
        owner = Owner(request.request_id, request.tenant, request.admitted_at.date())
        sealed = self.contents.sealed(content, owner, by_reference=body.ref is not None)
        return profiled.model_copy(update={"body": sealed})

    def _terms(self, revision: str, received: Received) -> Terms:
        client, streams = client_of(received, self.intake), is_gateway(received, self.intake)
        return Terms(revision, self.longest_deadline_s, self.reply_topics, client, streams, self.contents.can_seal)
