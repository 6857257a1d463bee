"""A queue before one model path, simulated over the worker's own rules: does its breaker see a provider that hangs?"""

import heapq
import math
from collections.abc import Callable, Iterator
from random import Random
from typing import NamedTuple
from uuid import uuid4

import pytest

from schemas.attempt import Usage
from schemas.content import Answer
from schemas.providers import BreakerLimits
from schemas.vocabulary import BreakerState
from services.model_worker.domain.breaker import Breaker, entered, left, sign_of
from services.model_worker.domain.calls import Answered, CallFailed
from services.model_worker.domain.claims import Claim, comes_to_nothing, cut_of, was_hurried
from services.model_worker.domain.pace import Answers, with_answer

LIMITS, TIMEOUT_S, SPREAD = BreakerLimits(), 120.0, 0.5
ANSWER = Answered(Answer(message={"role": "assistant", "content": "Yes."}, finish_reason="stop"), Usage(), "m")


class Load(NamedTuple):
    """``slots`` calls at once, ``rate`` requests a second, each given ``given_s``; answers usually take ``usual_s``."""

    slots: int
    rate: float
    given_s: float
    usual_s: float


class Made(NamedTuple):
    """A call that ended at ``at_s``, after ``took_s``; ``waited`` is what was claimed for it."""

    at_s: float
    took_s: float
    is_answered: bool
    waited: Claim


LOADS = [Load(8, 1, 30, 10), Load(8, 2, 30, 8), Load(4, 1, 30, 8), Load(8, 1.5, 20, 5), Load(16, 2, 30, 8)]


@pytest.mark.parametrize("load", LOADS, ids=str)
def test_a_provider_that_hangs_is_set_aside_within_twice_the_attempts_time(load: Load) -> None:
    opened_at = opened_within(made(load, 4 * load.given_s, lambda _: math.inf), load)
    assert opened_at is not None
    assert opened_at <= 2 * load.given_s


@pytest.mark.parametrize("load", LOADS, ids=str)
def test_a_provider_that_hangs_while_too_much_waits_is_set_aside_within_twice_the_attempts_time(load: Load) -> None:
    takes_s, hangs_at = drawn(load), 10 * load.given_s
    calls = made(too_much(load, 1.5), 14 * load.given_s, lambda at_s: takes_s(at_s) if at_s < hangs_at else math.inf)
    opened_at = opened_within(calls, load)
    assert opened_at is not None
    assert hangs_at < opened_at <= hangs_at + 2 * load.given_s


@pytest.mark.parametrize("load", LOADS, ids=str)
@pytest.mark.parametrize("times", [1.25, 1.5])
def test_a_provider_that_is_well_under_too_much_load_is_not_set_aside(load: Load, times: float) -> None:
    calls = list(made(too_much(load, times), 20 * load.given_s, drawn(load)))
    assert len(calls) < 20 * load.given_s * too_much(load, times).rate / 1.1, "it is too much"
    assert opened_within(iter(calls), load) is None


@pytest.mark.parametrize("load", LOADS, ids=str)
@pytest.mark.parametrize("times", [1.5, 3.0])
def test_under_too_much_load_few_calls_are_paid_in_vain_and_the_slots_answer_what_they_can(
    load: Load, times: float
) -> None:
    for_s = 20 * load.given_s
    calls = list(made(too_much(load, times), for_s, drawn(load)))
    answered = sum(call.is_answered for call in calls)
    assert answered > 0.85 * len(calls)
    assert answered > 0.85 * for_s * load.slots / load.usual_s


def drawn(load: Load) -> Callable[[float], float]:
    """Times of answers with ``usual_s`` as their mean, most of them from half to twice of that."""
    chance = Random(5)  # noqa: S311 not for secrets
    return lambda _: load.usual_s * chance.lognormvariate(-(SPREAD**2) / 2, SPREAD)


def too_much(load: Load, times: float) -> Load:
    """So many times what the slots can answer."""
    return load._replace(rate=times * load.slots / load.usual_s)


def made(load: Load, for_s: float, takes_s: Callable[[float], float]) -> Iterator[Made]:
    """The calls in the order in which they end; ``takes_s`` says how long one needs that begins then.

    The most urgent is the oldest, as all are given the same time.
    """
    free, calls, path = [0.0] * load.slots, list[Made](), with_answer(None, load.usual_s, 0.0)
    running = list[Made]()
    for number in range(int(for_s * load.rate)):
        admitted = number / load.rate
        began = max(admitted, heapq.heappop(free))
        while running and running[0].at_s <= began:
            path = after(path, heapq.heappop(running))
        claim = Claim(uuid4(), 1, b"", None, admitted + load.given_s - began, False, 0.0, given_s=load.given_s)
        needed, limit_s = takes_s(began), max(0.0, min(claim.remaining_s, TIMEOUT_S))
        if limit_s <= 0 or comes_to_nothing(claim, limit_s, path, began, ()):
            heapq.heappush(free, began)
            continue
        took_s = min(needed, limit_s)
        heapq.heappush(free, began + took_s)
        calls.append(Made(began + took_s, took_s, needed <= limit_s, claim))
        heapq.heappush(running, calls[-1])
    return iter(sorted(calls, key=lambda call: call.at_s))


def after(path: Answers, call: Made) -> Answers:
    return with_answer(path, call.took_s, call.at_s) if call.is_answered else path


def opened_within(calls: Iterator[Made], load: Load) -> float | None:
    """When the breaker opened, in seconds since all was well."""
    breaker, path = Breaker(), with_answer(None, load.usual_s, 0.0)
    for call in calls:
        breaker, _ = entered(breaker, LIMITS, call.at_s)
        path = after(path, call)
        outcome = ANSWER if call.is_answered else cut(call, path)
        told = None if was_hurried(call.waited, outcome) else outcome
        breaker = left(breaker, LIMITS, breaker.turn, sign_of(told), call.at_s, 0.0)
        if breaker.state is BreakerState.OPEN:
            return call.at_s
    return None


def cut(call: Made, path: Answers) -> CallFailed:
    return cut_of(call.waited, TIMEOUT_S, call.took_s, path, call.at_s)
