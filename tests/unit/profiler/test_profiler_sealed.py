"""What the profiler says of confidential requests: sealed where there are keys, or where the portfolio insists."""

import asyncio
from base64 import b64encode
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from asking import NOW, asked, portfolio, received
from test_profiler_handlers import HANDLERS, InForce, profiled_by

from infra.objects.config import ObjectsConfig, SealingConfig
from infra.objects.contents import FetchedContents
from infra.objects.store import ObjectStore
from infra.objects.vault import Vault
from schemas.content import Owner
from schemas.portfolio import Portfolio
from schemas.reaction import ContentAway, ContentOpen, Reaction, Received, Refused
from schemas.request import RequestSubmitted
from schemas.standing import PortfolioRevised
from schemas.vocabulary import DataClass, Reason
from services.profiler.handlers import SEALED_BY_OTHERS, Handlers

KEYS = f"a:{b64encode(bytes(32)).decode()}"
SECRET = "What does Ms Brandt earn?"
GATEWAYS = "request.submitted.gateway"


def in_force(**entries: object) -> InForce:
    document = Portfolio.of({**portfolio().model_dump(mode="json", exclude_none=True), **entries})
    return InForce(
        PortfolioRevised(revision="r", number=1, portfolio=document, revised_at=NOW, author="x", current=True)
    )


def handlers(keys: str | None = KEYS, **entries: object) -> tuple[Handlers, FetchedContents]:
    vault = Vault(
        ObjectStore(ObjectsConfig(url=f"memory://{uuid4().hex}")), SealingConfig.model_validate({"keys": keys})
    )
    contents = FetchedContents(vault)
    return replace(HANDLERS, contents=contents, revisions=in_force(**entries)), contents


def heard(here: tuple[Handlers, FetchedContents], event: RequestSubmitted, at: Received) -> Reaction:
    """What is answered, as the bus brings what is wanted."""
    handler, contents = here
    for _ in range(4):
        try:
            return handler.on_request_submitted(event, at)
        except (ContentAway, ContentOpen) as wanted:
            if (refused := asyncio.run(contents.bring(wanted))) is not None:
                return Reaction(says=(refused,))
    raise AssertionError("it always wants more")


def confidential(**told: object) -> RequestSubmitted:
    return asked(SECRET, data_class=DataClass.CONFIDENTIAL, request_id=UUID(int=7), **told)


def test_confidential_content_is_sealed_and_keeps_its_facts() -> None:
    here = handlers()
    event = profiled_by(heard(here, confidential(stream=True), received()))

    assert SECRET.encode() not in event.to_json()
    assert event.body.key_id is not None
    assert event.request.profile.features.characters == len(SECRET)
    assert event.request.fingerprint == ""
    assert event.request.live is None


def test_a_replaying_provider_still_finds_the_question() -> None:
    providers = {"recorded": {"adapter": "replay", "answers": "a.jsonl"}}
    document = portfolio().model_dump(mode="json", exclude_none=True)
    event = profiled_by(heard(handlers(providers={**document["providers"], **providers}), confidential(), received()))
    assert len(event.request.fingerprint) == 16


@pytest.mark.parametrize(
    ("keys", "data_class", "sealed", "is_sealed"),
    [
        (KEYS, "internal", None, False),
        (KEYS, "restricted", None, True),
        (None, "confidential", None, False),
        (None, "confidential", [], False),
        (KEYS, "confidential", ["restricted"], False),
        (KEYS, "restricted", ["restricted"], True),
    ],
)
def test_what_is_sealed(keys: str | None, data_class: str, sealed: list[str] | None, is_sealed: bool) -> None:
    entries = {} if sealed is None else {"sealed": sealed}
    event = profiled_by(heard(handlers(keys, **entries), asked(SECRET, data_class=DataClass(data_class)), received()))
    assert (event.body.key_id is not None) == is_sealed
    assert (SECRET.encode() in event.to_json()) != is_sealed


def test_what_the_portfolio_wants_sealed_is_put_aside_without_keys() -> None:
    [refused] = heard(handlers(None, sealed=["confidential"]), confidential(), received()).says
    assert isinstance(refused, Refused)
    assert refused.reason == "sealing_key_missing"
    assert "SEALING_KEYS" in refused.detail


def test_a_class_that_the_text_raises_is_sealed() -> None:
    event = profiled_by(heard(handlers(), asked("Card 4111 1111 1111 1111", data_class=DataClass.PUBLIC), received()))
    assert event.request.data_class is DataClass.CONFIDENTIAL
    assert b"4111 1111" not in event.to_json()


def test_what_the_gateway_sealed_stays_as_it_is_and_is_known_again() -> None:
    here = handlers()
    vault = Vault(ObjectStore(ObjectsConfig(url="memory://known-again")), SealingConfig.model_validate({"keys": KEYS}))
    here = (replace(here[0], contents=(contents := FetchedContents(vault))), contents)
    owner = Owner(UUID(int=7), "default", NOW.date())
    rows = []
    for offset in (1, 2):
        body = asyncio.run(vault.sealed(asked(SECRET).to_json(), owner))
        event = confidential().model_copy(update={"messages": ({"role": "user", "content": None},), "body": body})
        reaction = heard(here, event, received(topic=GATEWAYS, offset=offset))
        assert profiled_by(reaction).body == body
        rows.append(reaction.writes[0].row.body_hash)
    assert rows[0] == rows[1]


def test_what_others_sealed_is_refused() -> None:
    body = confidential().to_json()
    vault = Vault(ObjectStore(ObjectsConfig(url="memory://others")), SealingConfig.model_validate({"keys": KEYS}))
    sealed = asyncio.run(vault.sealed(body, Owner(UUID(int=7), "default", NOW.date())))
    event = profiled_by(heard(handlers(), confidential(body=sealed), received()))
    assert event.refusal is not None
    assert (event.refusal.reason, event.refusal.detail) == (Reason.INVALID_REQUEST, SEALED_BY_OTHERS)
