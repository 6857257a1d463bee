from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from routing import ALL, asking, nothing_against, only, options_of, portfolio, served

from schemas.attempt import Candidate, Tried
from schemas.example_request import LARGE, SECOND, SMALL
from schemas.vocabulary import Action, DataClass, Reason, Role
from services.router.domain.choose import Chosen, Options, choose_first, choose_next, why_none


def options(*taken: Candidate, **fields: Any) -> Options:
    return options_of(portfolio(), asking(**fields), only(taken) if taken else nothing_against)


def tried(*paths: Candidate, role: Role = Role.PRIMARY) -> tuple[Tried, ...]:
    return tuple(
        Tried(number=n, role=role, tier=0, model=path.model, provider=path.provider, reason=Reason.TIMEOUT)
        for n, path in enumerate(paths, 1)
    )


def taken(chosen: Chosen | None) -> tuple[Candidate, int, Role] | None:
    return (chosen.candidate, chosen.tier, chosen.role) if chosen else None


def test_a_plan_is_ordered_by_expected_cost_in_each_tier() -> None:
    dear = portfolio(
        ("models/large/endpoints", [{"provider": "azure", "model": "m", "price": {"input": "9", "output": "90"}}])
    )

    assert options().plan.tiers == ((SMALL,), (LARGE, SECOND))
    assert options_of(dear, asking()).plan.tiers == ((SMALL,), (SECOND, LARGE))


def test_paths_of_equal_cost_have_a_fixed_order() -> None:
    same = [("models/second/endpoints", [{"provider": "mistral", "model": "s"}])]
    same += [("models/large/endpoints", [{"provider": "azure", "model": "l"}])]
    turned = [*same, ("lanes/critical/tiers", [["small"], ["second", "large"]])]

    first, second = (options_of(portfolio(*changes), asking()) for changes in (same, turned))
    assert first.plan == second.plan


def test_every_path_is_in_the_plan_or_excluded_with_the_reason() -> None:
    found = options(SMALL, SECOND, data_class=DataClass.RESTRICTED)

    assert found.plan.tiers == ((SMALL,), ())
    assert {(e.model, e.why) for e in found.excluded} == {
        ("large", "restricted data may not go to region eu"),
        ("second", "restricted data may not go to region eu"),
    }


def test_the_first_choice_is_the_cheapest_of_the_lowest_tier_that_has_one() -> None:
    assert taken(choose_first(options())) == (SMALL, 0, Role.PRIMARY)
    assert taken(choose_first(options(LARGE, SECOND))) == (LARGE, 1, Role.PRIMARY)
    assert taken(choose_first(options(SECOND))) == (SECOND, 1, Role.PRIMARY)
    assert taken(choose_first(options(Candidate(model="x", provider="y")))) is None


def test_a_choice_says_its_cost_and_why_not_the_others() -> None:
    chosen = choose_first(options(LARGE))

    assert chosen is not None
    assert chosen.choice.expected_micro_usd == options().costs[LARGE] > 0
    assert [e.model for e in chosen.choice.excluded] == ["small", "second"]
    assert chosen.choice.why == "the cheapest eligible path"


def test_a_pinned_model_is_the_only_one() -> None:
    found = options(pinned_model="second")

    assert found.plan.tiers == ((), (SECOND,))
    assert taken(choose_first(found)) == (SECOND, 1, Role.PRIMARY)


@pytest.mark.parametrize(
    ("action", "tier", "used", "expected"),
    [
        (Action.REPAIR, 0, [SMALL], (SMALL, 0, Role.REPAIR)),
        (Action.REPAIR, 1, [SMALL, LARGE], (LARGE, 1, Role.REPAIR)),
        (Action.UP, 1, [SMALL], (LARGE, 1, Role.PRIMARY)),
        (Action.UP, 1, [SMALL, LARGE], (SECOND, 1, Role.PRIMARY)),
        (Action.SIDEWAYS, 1, [LARGE], (SECOND, 1, Role.PRIMARY)),
        (Action.SIDEWAYS, 0, [SMALL], (LARGE, 1, Role.PRIMARY)),
        (Action.SIDEWAYS, 0, [], (SMALL, 0, Role.PRIMARY)),
        (Action.UP, 1, [SMALL, LARGE, SECOND], None),
        (Action.UP, 2, [SMALL], None),
        (Action.AGREEMENT, 0, [SMALL], (LARGE, 1, Role.AGREEMENT)),
        (Action.AGREEMENT, 1, [LARGE], (SECOND, 1, Role.AGREEMENT)),
        (Action.AGREEMENT, 1, [LARGE, SECOND], (SMALL, 0, Role.AGREEMENT)),
        (Action.AGREEMENT, 1, [SMALL, LARGE, SECOND], None),
        ("an action of tomorrow", 1, [LARGE], (SECOND, 1, Role.PRIMARY)),
    ],
)
def test_the_next_choice(action: str, tier: int, used: list[Candidate], expected: Any) -> None:
    assert taken(choose_next(options(), action, tier, tried(*used))) == expected


def test_a_second_opinion_is_another_models_and_not_another_providers() -> None:
    twice = portfolio(
        ("models/small/endpoints", [{"provider": "local", "model": "s"}, {"provider": "mistral", "model": "s"}]),
    )
    found = options_of(twice, asking())

    assert len(found.plan.tiers[0]) == 2
    assert taken(choose_next(found, Action.AGREEMENT, 0, tried(SMALL))) == (LARGE, 1, Role.AGREEMENT)
    sideways = choose_next(found, Action.SIDEWAYS, 0, tried(SMALL))
    assert taken(sideways) == (Candidate(model="small", provider="mistral"), 0, Role.PRIMARY)


def test_an_answer_is_mended_elsewhere_when_its_model_is_gone() -> None:
    assert taken(choose_next(options(LARGE), Action.REPAIR, 0, tried(SMALL))) == (LARGE, 1, Role.PRIMARY)


def test_an_attempt_that_went_nowhere_used_no_path() -> None:
    nowhere = Tried(number=1, role=Role.PRIMARY, tier=0, model="", provider="", reason=Reason.DEADLINE)

    assert taken(choose_next(options(), Action.SIDEWAYS, 0, (nowhere,))) == (SMALL, 0, Role.PRIMARY)


def test_a_path_without_a_worker_is_taken_only_where_no_other_is_left() -> None:
    found = options_of(portfolio(), asking(), nothing_against, served([SECOND]))

    assert found.plan.tiers == ((SMALL,), (LARGE, SECOND)), "it stays in the plan: its worker may come back"
    assert taken(choose_first(found)) == (SECOND, 1, Role.PRIMARY)
    assert taken(choose_next(found, Action.REPAIR, 0, tried(SMALL))) == (SECOND, 1, Role.PRIMARY)
    assert taken(choose_next(found, Action.UP, 1, tried(SMALL, SECOND))) == (LARGE, 1, Role.PRIMARY)
    assert taken(choose_next(found, Action.AGREEMENT, 1, tried(SECOND))) == (LARGE, 1, Role.AGREEMENT)


def test_a_choice_without_a_worker_says_so_and_is_not_among_the_excluded() -> None:
    chosen = choose_first(options_of(portfolio(), asking(), only([SMALL, SECOND]), served([])))

    assert chosen is not None
    assert chosen.candidate == SMALL
    assert "no live worker for provider local" in chosen.choice.why
    assert {(e.model, e.why) for e in chosen.choice.excluded} == {
        ("large", "its circuit breaker is open"),
        ("second", "no live worker for provider mistral"),
    }


@given(
    st.sets(st.sampled_from(ALL)),
    st.sets(st.sampled_from(ALL)),
    st.lists(st.sampled_from(ALL), unique=True),
    st.sampled_from(Action),
    st.integers(0, 3),
)
def test_whatever_stands_a_choice_is_a_path_of_the_plan_that_was_not_tried(
    can: set[Candidate], live: set[Candidate], used: list[Candidate], action: Action, tier: int
) -> None:
    found = options_of(portfolio(), asking(), only(can), served(live))
    chosen = choose_next(found, action, tier, tried(*used))

    assert chosen == choose_next(found, action, tier, tried(*used))
    if chosen is None:
        return
    assert chosen.candidate in can
    if chosen.role is Role.REPAIR:
        assert (chosen.candidate, chosen.tier) == (used[-1], tier)
    else:
        assert chosen.candidate not in used
        assert chosen.candidate in found.plan.tiers[chosen.tier]
    assert chosen.role is not Role.AGREEMENT or chosen.candidate.model not in {path.model for path in used}
    assert chosen.choice.expected_micro_usd == found.costs[chosen.candidate]


def test_no_path_is_told_with_each_reason_and_the_line_that_would_help() -> None:
    request = asking(data_class=DataClass.RESTRICTED)
    told = why_none(request, options_of(portfolio(), request, only(())))

    assert "small@local: its circuit breaker is open" in told
    assert "large@azure: restricted data may not go to region eu" in told
    assert "lanes.critical.tiers of the portfolio" in told


def test_no_path_left_because_all_were_tried_is_told_so() -> None:
    assert "all were tried" in why_none(asking(), options())
