"""What a test does with requests: ask, wait for the end, and read the story that the ledger tells."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx

from pipeline.kafka_log import Client, Headers, Log, Record
from pipeline.scripts import Scripts, says
from pipeline.waiting import until
from schemas.content import Json
from schemas.outcome import RequestCompleted, RequestFailed
from schemas.topics import INTAKE


class Ledger:
    """The ledger's read API."""

    def __init__(self, url: str) -> None:
        self._api = httpx.Client(base_url=url, trust_env=False, timeout=10)

    def story(self, request_id: UUID | str, holds: Callable[[Json], Any] | None = None) -> Json:
        """The story of a request, once it is told whole (the ledger hears topics in any order) and ``holds``."""

        def find() -> Json | None:
            answer = self._api.get(f"/requests/{request_id}")
            if answer.status_code == httpx.codes.NOT_FOUND:
                return None
            story = answer.raise_for_status().json()
            return story if is_whole(story) and (holds is None or holds(story)) else None

        found = until(find, f"the ledger's story of {request_id}")
        assert found is not None
        return found


@dataclass(frozen=True, slots=True)
class Requests:
    """A client of services that run somewhere, with scripted providers behind them."""

    scripts: Scripts
    client: Client
    log: Log
    ledger: Ledger

    def submit(self, request: Json, key: bytes | None = None, headers: Headers = ()) -> UUID:
        """Publish a request with an id of its own, unless it has one; its id."""
        request_id = request.get("request_id") or str(uuid4())
        self.client.send(INTAKE, json.dumps({**request, "request_id": request_id}).encode(), key, headers)
        return UUID(request_id)

    def completed(self, request_id: UUID) -> RequestCompleted:
        """The answer to a request. Fails, and says why, when it was given up."""
        end = self.log.end_of(request_id).event
        assert isinstance(end, RequestCompleted), end
        return end

    def failed(self, request_id: UUID) -> RequestFailed:
        """The honest end of a request. Fails when it was answered."""
        end = self.log.end_of(request_id).event
        assert isinstance(end, RequestFailed), end
        return end

    def ends(self, request_id: UUID) -> list[Record]:
        """Every end that was said of a request so far."""
        self.log.catch_up()
        return self.log.of(request_id, "request.completed", "request.failed")

    def pass_through_the_same_partitions(self, request_id: UUID, key: bytes | None = None) -> None:
        """Send other requests the same way: once they have ended, all sent before is heard, and its outcome read.

        An event's partition follows from its request's id, so ids are tried until one goes the same way.
        """
        said = self.log.first(request_id, "request.profiled")
        for _ in range(64):
            script = self.scripts.expect({"acme-small": [says("Passed.")]})
            other = self.submit(script.request(), key)
            self.completed(other)
            if self.log.one(other, "request.profiled").partition == said.partition:
                self.log.catch_up()
                return
        raise AssertionError("no request went the same way")


OF_THE_ROUTER = ("no_eligible_model", "budget_spent", "context_too_long", "breaker_open", "no_recorded_answer")
"""Why nobody was asked."""


def is_whole(story: Json) -> bool:
    """Whether everything that was said of a request is in its story; an end by the clock leaves attempts open."""
    request, attempts = story["request"], story["attempts"]
    if not (request["ended_at"] and request["admitted_at"]):
        return False
    if request["reason"] in ("deadline", "cancelled"):
        return True
    asked_for = [turn for turn in story["escalations"] if turn["action"] != "human"]
    return len(asked_for) == max(0, len(attempts) - 1) and all(map(_is_told, attempts))


def is_cancelled(story: Json) -> bool:
    """Whether the ledger has heard who cancelled the request: that comes from another topic than its end."""
    return bool(story["request"]["cancelled_by"])


def _is_told(attempt: Json) -> bool:
    if attempt["outcome"] == "failed":
        return bool(attempt["dispatched_at"] or attempt["reason"] in OF_THE_ROUTER)
    return bool(attempt["dispatched_at"] and attempt["completed_at"] and attempt["judged_at"])


def reasons(story: Json) -> list[tuple[str, str, str | None]]:
    """The road of a request in short: model, provider and reason of each attempt."""
    return [(each["model"], each["provider"], each["reason"]) for each in story["attempts"]]


def steps(story: Json) -> list[tuple[str, str]]:
    """The escalations of a request in short: action and reason of each."""
    return [(each["action"], each["reason"]) for each in story["escalations"]]
