"""Verdicts on sealed answers: the same as in the open, and nothing of the answer is said."""

import asyncio
from base64 import b64encode
from dataclasses import replace
from typing import Any
from uuid import uuid4

from answered_attempts import REQUEST_ID, Asked, OneRevision, portfolio_with, said_of, tried_as
from test_vectors_check import RECEIVED

from infra.objects.config import ObjectsConfig, SealingConfig
from infra.objects.contents import FetchedContents
from infra.objects.store import ObjectStore
from infra.objects.vault import Vault
from schemas.attempt import AttemptAccepted, AttemptCompleted, AttemptDoubted, AttemptRejected
from schemas.content import Kin, Owner
from schemas.fact import Event
from schemas.reaction import ContentAway, ContentOpen, Said
from schemas.vocabulary import Reason, Role
from services.validator.domain.json_schema import SchemaChecker
from services.validator.handlers import Handlers

FORM = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WANTED = {"response_format": {"type": "json_schema", "json_schema": {"name": "city", "schema": FORM}}}
KEYS = f"a:{b64encode(bytes(32)).decode()}"


class Sealed:
    """A validator with keys, and what it says of an attempt whose content is sealed."""

    def __init__(self, check: Any = "agreement") -> None:
        store = ObjectStore(ObjectsConfig(url=f"memory://{uuid4().hex}"))
        self.vault = Vault(store, SealingConfig.model_validate({"keys": KEYS}))
        self.contents = FetchedContents(self.vault)
        self.handlers = Handlers(OneRevision(portfolio_with([check])), SchemaChecker(4), self.contents)

    async def judged(self, whole: AttemptCompleted) -> tuple[AttemptCompleted, Event]:
        body = await self.vault.sealed(
            whole.body.text().encode(), Owner(REQUEST_ID, "acme", whole.attempt.deadline_at.date())
        )
        kin = Kin(REQUEST_ID, body)
        answer = await self.vault.sealed(whole.answer.text().encode(), kin)
        doubted = whole.doubted and await self.vault.sealed(whole.doubted.text().encode(), kin)
        rival = whole.rival and await self.vault.sealed(whole.rival.text().encode(), kin)
        update = {"body": body, "answer": answer, "doubted": doubted, "rival": rival}
        event = whole.model_copy(update=update)
        while True:
            try:
                (said,) = self.handlers.on_attempt_completed(event, RECEIVED).says
            except (ContentAway, ContentOpen) as wanted:
                assert await self.contents.bring(wanted) is None
                continue
            assert isinstance(said, Said)
            return event, said.event


def test_what_is_wrong_with_a_sealed_answer_is_told_to_the_model_alone() -> None:
    here = Sealed()
    event, said = asyncio.run(here.judged(Asked(said_of('{"town": "Brandt"}'), question=WANTED).completed()))

    assert isinstance(said, AttemptRejected)
    assert (said.answer, said.body) == (event.answer, event.body)
    assert said.detail == "its checks failed (schema); the details are sealed with the answer"
    assert {(check.detail, check.at) for check in said.checks} == {(None, None)}
    assert said.told is not None
    told = asyncio.run(here.vault.content(said.told, REQUEST_ID)).decode()
    assert '"city" is a required property' in told
    assert b"Brandt" not in said.to_json()


def test_a_sealed_answer_that_another_model_confirms_is_the_first_ones() -> None:
    second = Asked(
        said_of('{"city": "Old Bonn"}'),
        question=WANTED,
        role=Role.AGREEMENT,
        number=2,
        doubted=said_of('{"city":"Old Bonn"}'),
    )
    event, said = asyncio.run(Sealed().judged(second.completed()))

    assert isinstance(said, AttemptAccepted)
    assert (said.answer, said.verified) == (event.doubted, True)
    assert b"Old Bonn" not in said.to_json()


THIRD = {"agreement": {"opinions": 3}}


def test_a_sealed_answer_that_differs_goes_on_as_it_came() -> None:
    second = Asked(said_of("Old Bonn"), role=Role.AGREEMENT, number=2, doubted=said_of("Bern"), max_attempts=4)
    second = replace(second, tried=(tried_as(1, Role.PRIMARY, Reason.DOUBTED),))
    event, said = asyncio.run(Sealed(THIRD).judged(second.completed()))

    assert isinstance(said, AttemptDoubted)
    assert (said.answer, said.rival) == (event.doubted, event.answer)
    assert b"Old Bonn" not in said.to_json()


def test_a_sealed_answer_that_a_third_model_takes_is_the_seconds_as_it_came() -> None:
    tried = (tried_as(1, Role.PRIMARY, Reason.DOUBTED), tried_as(2, Role.AGREEMENT, Reason.DISAGREED))
    third = Asked(said_of("Old Bonn."), role=Role.AGREEMENT, number=3, tried=tried, max_attempts=4)
    third = replace(third, doubted=said_of("Bern"), rival=said_of("Old Bonn"))
    event, said = asyncio.run(Sealed(THIRD).judged(third.completed()))

    assert isinstance(said, AttemptAccepted)
    assert (said.answer, said.given_by) == (event.rival, 2)
    assert b"Old Bonn" not in said.to_json()
