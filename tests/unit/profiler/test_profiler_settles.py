"""Which ends are settled: those of requests that may have held, by the revision that let them in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from asking import NOW, portfolio, received

from schemas.outcome import RequestFailed
from schemas.portfolio import Portfolio, Tenant
from schemas.reaction import NotYet, Write
from schemas.standing import PortfolioRevised
from schemas.vocabulary import Reason
from services.profiler.domain.budget import Spent
from services.profiler.handlers import Handlers

WITH = portfolio().model_copy(update={"tenants": {"shop": Tenant()}})
WITHOUT = portfolio().model_copy(update={"tenants": None})


@dataclass(frozen=True)
class Known:
    """Revisions by name; the last is in force."""

    by_name: Mapping[str, Portfolio]
    current: PortfolioRevised = field(init=False)

    def __post_init__(self) -> None:
        name, document = list(self.by_name.items())[-1]
        revised = PortfolioRevised(
            revision=name, number=1, portfolio=document, revised_at=NOW, author="operator", current=True
        )
        object.__setattr__(self, "current", revised)

    def revision(self, name: str) -> Portfolio:
        if name not in self.by_name:
            raise NotYet(name)
        return self.by_name[name]


def ended(revision: str) -> RequestFailed:
    return RequestFailed(
        request_id=UUID(int=7),
        reason=Reason.CHECK_FAILED,
        detail="",
        task="faq",
        lane="simple",
        tenant="shop",
        attempts=1,
        cost_usd="4.00",
        bounded_usd="1",
        revision=revision,
        admitted_at=NOW,
        failed_at=NOW,
        deadline_at=NOW,
    )


def settled(known: Known, revision: str) -> tuple[Write, ...]:
    handlers = Handlers(known, "intake", frozenset(), longest_deadline_s=60, largest_event_bytes=900_000)
    return tuple(handlers.on_request_failed(ended(revision), received()).writes)


SETTLED = (Write("settlements", UUID(int=7), Spent(3_000_000, 1_000_000)),)


@pytest.mark.parametrize("last", [WITH, WITHOUT], ids=["it has one still", "it has none any more"])
def test_a_request_that_was_let_in_with_a_budget_is_settled(last: Portfolio) -> None:
    assert settled(Known({"with": WITH, "last": last}), "with") == SETTLED


def test_for_a_tenant_that_had_no_budget_then_nothing_is_written() -> None:
    assert settled(Known({"without": WITHOUT, "with": WITH}), "without") == ()


def test_where_its_revision_is_not_at_hand_its_row_decides() -> None:
    assert settled(Known({"without": WITHOUT}), "gone") == SETTLED
