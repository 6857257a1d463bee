"""Many who ask the same at the same time, of two replicas of the gateway: one pays, for a good answer."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from pipeline.replicas import Replica
from pipeline.scripts import NUMBER_SCHEMA, RIGHT, WRONG, Held, Script, says
from pipeline.stack import Pipeline
from pipeline.waiting import until

SMALL, MIDDLE = "acme-small", "acme-middle"


class Asking:
    """Clients who ask one question of the lane that keeps answers, each in a thread of its own."""

    def __init__(self, replicas: list[Replica], threads: ThreadPoolExecutor) -> None:
        self._replicas = replicas
        self._threads = threads

    def first(self, script: Script) -> "Future[httpx.Response]":
        """The first, whose model has been asked."""
        asking = self._threads.submit(self.ask, script, 0)
        until(lambda: len(script.asked) == 1, "the first model is asked")
        return asking

    def ask(self, script: Script, replica: int) -> httpx.Response:
        with self._replicas[replica].client() as client:
            return client.post("/v1/chat/completions", json=body(script))

    def reads(self, script: Script, replica: int, held: Held) -> tuple[httpx.Response, list[str]]:
        """Another's stream and what it reads: that it waits, and after the first was let go, all the rest."""
        asked = {**body(script), "stream": True}
        with (
            self._replicas[replica].client() as client,
            client.stream("POST", "/v1/chat/completions", json=asked) as answer,
        ):
            lines = (line for line in answer.iter_lines() if line)
            waiting = next(lines)
            held.release()
            return answer, [waiting, *lines]


@pytest.fixture
def asking(replicas: list[Replica]) -> Iterator[Asking]:
    with ThreadPoolExecutor() as threads:
        yield Asking(replicas, threads)


def body(script: Script) -> dict[str, Any]:
    return script.request(model="kept", response_format=NUMBER_SCHEMA)


def told(answer: httpx.Response) -> tuple[int, str | None, str | None]:
    text = answer.json()["choices"][0]["message"]["content"] if answer.status_code == 200 else None
    return answer.status_code, answer.headers.get("x-portfolio-cache"), text


@pytest.mark.parametrize("replica", [0, 1])
def test_the_second_waits_for_the_answer_of_the_first(pipeline: Pipeline, asking: Asking, replica: int) -> None:
    held = Held(says(RIGHT))
    script = pipeline.scripts.expect({SMALL: [held]})
    first = asking.first(script)
    _, read = asking.reads(script, replica, held)
    assert told(first.result()) == (200, "miss", RIGHT)
    assert (read[0][:1], read[-1]) == (":", "data: [DONE]")
    assert RIGHT[:8].replace('"', '\\"') in "".join(read)
    assert script.models() == [SMALL]


def test_when_the_first_fails_the_second_goes_its_own_way(
    pipeline: Pipeline, asking: Asking, kept: Callable[[httpx.Response], httpx.Response]
) -> None:
    held = Held(says(WRONG))
    script = pipeline.scripts.expect({SMALL: [held, says(RIGHT)], MIDDLE: [says(WRONG)]})
    first = asking.first(script)
    second, read = asking.reads(script, 1, held)
    assert told(first.result())[0] == 502
    assert read[-1] == "data: [DONE]"
    assert script.models() == [SMALL, MIDDLE, SMALL]
    kept(second)
    assert told(asking.ask(script, 0)) == (200, "hit", RIGHT)


def test_nobody_waits_for_what_will_not_be_kept(pipeline: Pipeline, asking: Asking) -> None:
    held = Held(says(RIGHT))
    script = pipeline.scripts.expect({SMALL: [held, says(RIGHT)]}, "Write to ada@example.com. How many are there?")
    first = asking.first(script)
    assert told(asking.ask(script, 1)) == (200, None, RIGHT)
    assert not first.done()
    held.release()
    assert told(first.result()) == (200, None, RIGHT)
