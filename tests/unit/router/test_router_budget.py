"""What is left of a request's budget: no path is asked that it cannot pay, and what is free is asked without any."""

from typing import Any

import pytest
from routing import alive, asking, portfolio
from test_router_handlers import DEADLINE, RECEIVED, Revisions, escalation_of, said, shut_until

from schemas.asking import tokens_in
from schemas.attempt import AttemptDispatched, AttemptFailed
from schemas.budget import FEWEST_READ, why_unpaid
from schemas.example_request import LARGE, SECOND, SMALL, question
from schemas.models import Price
from schemas.portfolio import Portfolio
from schemas.request import RequestProfiled
from schemas.vocabulary import Reason
from services.router.handlers import Handlers

FREE = {"input": "0", "output": "0"}
PRICE = "endpoints/0/price"


def asked(budget: int | None, *changes: tuple[str, Any]) -> AttemptDispatched | AttemptFailed:
    document = portfolio(*changes)
    told = RequestProfiled(
        request=asking(budget_micro_usd=budget, revision=document.digest()),
        body=question(),
        attempt_deadline_at=DEADLINE,
    )
    return said(handlers(document).on_request_profiled(told, RECEIVED))


def handlers(document: Portfolio) -> Handlers:
    return Handlers(Revisions({document.digest(): document}), alive())


@pytest.mark.parametrize("budget", [0, 1, 2])
def test_a_request_whose_budget_pays_no_path_ends_before_anything_is_paid(budget: int) -> None:
    event = asked(budget)

    assert isinstance(event, AttemptFailed)
    assert event.reason == Reason.BUDGET_SPENT
    assert event.attempt.model == ""
    assert "dollars are left of the budget, and the shortest answer costs" in event.detail
    assert "a larger budget_usd" in event.detail


def test_a_path_that_the_budget_may_pay_is_asked() -> None:
    event = asked(3)

    assert isinstance(event, AttemptDispatched)
    assert event.attempt.model == "small"
    assert {each.model for each in event.choice.excluded} == {"large", "second"}


def test_a_path_that_opens_again_is_not_waited_for_where_it_cannot_be_paid() -> None:
    document = portfolio()
    told = RequestProfiled(
        request=asking(budget_micro_usd=0, revision=document.digest()), body=question(), attempt_deadline_at=DEADLINE
    )
    view = shut_until((SMALL, 9), (LARGE, 1.5), (SECOND, 4))
    event = said(Handlers(Revisions({document.digest(): document}), view).on_request_profiled(told, RECEIVED))

    assert isinstance(event, AttemptFailed)
    assert event.retry_after_ms is None


@pytest.mark.parametrize("free", ["small", "second"])
def test_a_path_that_is_free_is_asked_without_a_budget(free: str) -> None:
    event = asked(0, (f"models/{free}/{PRICE}", FREE))

    assert isinstance(event, AttemptDispatched)
    assert event.attempt.model == free


def test_what_nobody_told_the_price_of_is_not_asked_where_nothing_may_be_paid() -> None:
    changes = [(f"models/{name}/{PRICE}", None) for name in ("small", "large", "second")]

    assert isinstance(asked(1, *changes), AttemptDispatched)
    event = asked(0, *changes)
    assert isinstance(event, AttemptFailed)
    assert event.reason == Reason.BUDGET_SPENT
    assert "the portfolio does not say that it is free" in event.detail


def test_what_is_left_after_attempts_counts() -> None:
    event = escalation_of(3)
    spent = sum(each.cost_micro_usd for each in event.tried)
    short = event.model_copy(
        update={
            "request": event.request.model_copy(update={"budget_micro_usd": spent + 1}),
            "doubted": None,
        }
    )
    failed = said(handlers(portfolio()).on_request_escalated(short, RECEIVED))

    assert isinstance(failed, AttemptFailed)
    assert failed.reason == Reason.BUDGET_SPENT


@pytest.mark.parametrize(
    ("price", "spare", "pays"),
    [
        (None, None, True),
        (None, 1, True),
        (None, 0, False),
        (Price.model_validate(FREE), -5, True),
        (Price.model_validate({"input": "1", "output": "1"}), 7, False),
        (Price.model_validate({"input": "1", "output": "1"}), 8, True),
        (Price.model_validate({"input": "1", "cached_input": "0", "output": "1"}), 1, True),
        (Price.model_validate({"usd_per_hour": "0"}), 0, True),
    ],
)
def test_the_least_that_an_attempt_costs_is_told_by_its_price(
    price: Price | None, spare: int | None, pays: bool
) -> None:
    assert (why_unpaid(price, asking(), spare) is None) is pays


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("Сегодня мы рассмотрим основные условия договора и порядок оплаты до конца месяца.", 14),
        ("سنناقش اليوم الشروط الأساسية للعقد وطريقة الدفع قبل نهاية الشهر.", 16),
        ("आज हम अनुबंध की मुख्य शर्तों और भुगतान की प्रक्रिया पर चर्चा करेंगे।", 17),
        ("今天我们讨论合同的主要条款以及付款方式。", 12),
        ("We discuss the terms of the contract and how it is paid today.", 14),
    ],
    ids=["Russian", "Arabic", "Hindi", "Chinese", "English"],
)
def test_no_text_is_held_to_be_dearer_than_a_provider_counts_it(text: str, counted: int) -> None:
    """Counted by o200k_base, the tokenizer of OpenAI's newer models."""
    assert tokens_in(text) * FEWEST_READ <= counted
