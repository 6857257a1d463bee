"""A client that hangs up, in a lane that ends its request then: no further call is made, and the books say why."""

import json
import socket
from urllib.parse import urlsplit
from uuid import UUID

from pipeline.document import COSTS
from pipeline.requests import is_cancelled
from pipeline.scripts import Held, Script, says
from pipeline.stack import Pipeline
from pipeline.waiting import until
from schemas.topics import GATEWAY_INTAKE


def hung_up(pipeline: Pipeline, script: Script, *headers: str) -> UUID:
    """Ask, and hang up as soon as a model was asked; the request's id."""
    at = urlsplit(pipeline.gateway)
    body = json.dumps({"model": "portfolio/impatient", **script.request()}).encode()
    facts = ("host: x", "content-type: application/json", f"content-length: {len(body)}", *headers)
    with socket.create_connection((at.hostname, at.port or 80)) as connection:
        connection.sendall("\r\n".join(("POST /v1/chat/completions HTTP/1.1", *facts, "", "")).encode() + body)
        until(lambda: script.asked, "a model is asked")
        [mine] = pipeline.log.until(lambda: said(pipeline, script), "what the gateway said")
    return UUID(json.loads(mine)["request_id"])


def said(pipeline: Pipeline, script: Script) -> list[bytes]:
    """The requests with this question."""
    values = [record.value or b"" for record in pipeline.log.on(GATEWAY_INTAKE)]
    return [value for value in values if script.question.encode() in value]


def test_its_request_ends_and_what_was_spent_is_recorded(pipeline: Pipeline) -> None:
    held = Held(says("Too late."))
    script = pipeline.scripts.expect({"acme-small": [held]})
    request_id = hung_up(pipeline, script)
    assert pipeline.failed(request_id).reason == "cancelled"
    held.release()
    told = pipeline.ledger.story(request_id, is_cancelled)["request"]
    assert (told["reason"], told["cancelled_by"]) == ("cancelled", "hang-up")
    until(
        lambda: pipeline.ledger.story(request_id)["totals"]["cost_after_close_micro_usd"] == COSTS["acme-small"],
        "what came late is reckoned",
    )
    assert len(script.asked) == 1


def test_under_a_key_it_goes_on_for_the_answer_can_be_asked_for_again(pipeline: Pipeline) -> None:
    held = Held(says("In time."))
    script = pipeline.scripts.expect({"acme-small": [held]})
    request_id = hung_up(pipeline, script, "idempotency-key: hang-up")
    held.release()
    assert pipeline.completed(request_id).answer["message"]["content"] == "In time."
