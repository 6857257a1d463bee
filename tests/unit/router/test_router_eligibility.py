from datetime import timedelta
from typing import Any

import pytest
from routing import NOW, alive, asking, portfolio

from schemas.attempt import Candidate
from schemas.eligibility import why_not
from schemas.example_request import LARGE, SMALL
from schemas.portfolio import Portfolio
from schemas.request import Request
from schemas.standing import BreakerChanged, WorkerReady
from schemas.vocabulary import BreakerState, DataClass
from services.router.domain.ways import WaysKept


def against(candidate: Candidate, document: Portfolio, request: Request) -> str | None:
    model = document.models[candidate.model]
    (endpoint,) = model.endpoints
    return why_not(document, candidate.model, model, endpoint, request)


def in_language(code: str, **changes: Any) -> Request:
    request = asking(**changes)
    features = request.profile.features.model_copy(update={"language": code})
    return request.model_copy(update={"profile": request.profile.model_copy(update={"features": features})})


SPEAKS = ("models/small/languages", ["German", "en"])


def test_a_model_that_names_its_languages_is_asked_in_these_alone() -> None:
    why = "it does not speak French, only de, en"
    assert against(SMALL, portfolio(SPEAKS), in_language("fr")) == why
    assert against(SMALL, portfolio(SPEAKS), in_language("de")) is None
    assert against(SMALL, portfolio(), in_language("fr")) is None


def test_a_text_of_no_known_language_and_a_model_that_is_asked_for_are_kept_apart_by_none() -> None:
    assert against(SMALL, portfolio(SPEAKS), in_language("und")) is None
    assert against(SMALL, portfolio(SPEAKS), in_language("fr", pinned_model="small")) is None


def test_what_was_found_for_one_language_does_not_hold_for_another() -> None:
    kept, document = WaysKept(), portfolio(SPEAKS)
    french, german = (kept.of(document, in_language(code))[0][0].unable for code in ("fr", "de"))
    assert french is not None
    assert german is None


def test_a_language_that_cannot_be_told_is_no_language_of_a_model() -> None:
    with pytest.raises(ValueError, match="did you mean german"):
        portfolio(("models/small/languages", ["Germn"]))


def test_nothing_speaks_against_a_path_that_can_serve() -> None:
    assert against(SMALL, portfolio(), asking()) is None


@pytest.mark.parametrize(
    ("changes", "fields", "why"),
    [
        ([], {"pinned_model": "large"}, "the client asks for large"),
        ([("models/small/lifecycle", "candidate")], {}, "its lifecycle is candidate"),
        ([("models/small/lifecycle", "retired")], {}, "its lifecycle is retired"),
        ([("models/small/retires", "2026-03-02")], {}, "it retired on 2026-03-02"),
        ([("models/small/retires", "2026-03-01")], {}, "it retired on 2026-03-01"),
        ([], {"needs": ("chat", "tools", "vision")}, "it lacks the ability: tools, vision"),
        ([], {"context_tokens": 4_097}, "its context of 4096 tokens is too short for 4097"),
        ([("providers/local/region", "us")], {}, "confidential data may not go to region us"),
        ([("providers/local/region", None)], {}, "confidential data may not go to region unknown"),
        ([], {"data_class": "secret-of-tomorrow"}, "data class secret-of-tomorrow is unknown here"),
    ],
)
def test_a_path_that_cannot_serve_is_told_why(changes: Any, fields: dict[str, Any], why: str) -> None:
    assert against(SMALL, portfolio(*changes), asking(**fields)) == why


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ([], {"pinned_model": "small"}),
        ([("models/small/lifecycle", "deprecated")], {}),
        ([("models/small/retires", "2026-03-03")], {}),
        ([], {"context_tokens": 4_096}),
        ([("providers/local/region", "us")], {"data_class": DataClass.PUBLIC}),
        ([("residency", {})], {"data_class": DataClass.RESTRICTED}),
        ([], {"data_class": DataClass.RESTRICTED}),
    ],
)
def test_a_path_at_the_limit_can_serve(changes: Any, fields: dict[str, Any]) -> None:
    assert against(SMALL, portfolio(*changes), asking(**fields)) is None


def test_restricted_data_stays_where_it_may_be() -> None:
    assert against(LARGE, portfolio(), asking(data_class=DataClass.RESTRICTED)) == (
        "restricted data may not go to region eu"
    )


def test_a_provider_without_a_worker_is_passed_over() -> None:
    assert alive("local").why_wait(SMALL) is None
    assert alive("local").why_wait(LARGE) == "no live worker for provider azure"
    assert alive("local").why_not(LARGE, "f", NOW) is None, "only while others are eligible"


def test_a_worker_that_left_in_good_order_is_gone() -> None:
    view = alive("local")
    view.apply_worker(WorkerReady(provider="local", worker="local-1", ready=False, at=NOW))

    assert view.why_wait(SMALL) == "no live worker for provider local"


def test_a_replaying_provider_answers_what_it_holds() -> None:
    view = alive("azure", holds={"large": ("abc",)})

    assert view.why_not(LARGE, "abc", NOW) is None
    assert view.why_not(LARGE, "xyz", NOW) == "azure holds no recorded answer of large to this request"
    assert view.why_not(Candidate(model="other", provider="azure"), "xyz", NOW) is None


def test_what_a_provider_holds_is_replaced_by_its_next_word() -> None:
    view = alive("azure", holds={"large": ("abc",)})
    view.apply_worker(WorkerReady(provider="azure", worker="azure-2", ready=True, at=NOW))

    assert view.why_not(LARGE, "xyz", NOW) is None


@pytest.mark.parametrize(
    ("state", "until", "open_"),
    [
        (BreakerState.OPEN, NOW + timedelta(seconds=1), True),
        (BreakerState.OPEN, NOW, False),
        (BreakerState.OPEN, None, True),
        (BreakerState.HALF_OPEN, NOW + timedelta(seconds=1), False),
        (BreakerState.CLOSED, None, False),
    ],
)
def test_an_open_breaker_closes_a_path_until_its_time(state: BreakerState, until: Any, open_: bool) -> None:
    view = alive()
    view.apply_breaker(
        BreakerChanged(model="large", provider="azure", state=state, reason="rate_limited", until=until, at=NOW)
    )

    assert (view.why_not(LARGE, "f", NOW) == "its circuit breaker is open") is open_
    assert view.why_not(SMALL, "f", NOW) is None


@pytest.mark.parametrize("state", [BreakerState.OPEN, BreakerState.HALF_OPEN])
def test_a_path_that_comes_back_is_sent_one_probe_a_second(state: BreakerState) -> None:
    view = alive()
    told = BreakerChanged(model="large", provider="azure", state=state, reason="timeout", until=NOW, at=NOW)
    view.apply_breaker(told)

    assert view.why_not(LARGE, "f", NOW) is None
    assert view.why_not(LARGE, "f", NOW) is None, "looking is not taking"
    view.took(LARGE, NOW)
    assert view.why_not(LARGE, "f", NOW + timedelta(milliseconds=999)) == (
        "its circuit breaker lets one probe pass a second"
    )
    assert view.why_not(LARGE, "f", NOW + timedelta(seconds=1)) is None
    view.apply_breaker(told.model_copy(update={"state": BreakerState.CLOSED, "until": None}))
    assert view.why_not(LARGE, "f", NOW) is None
