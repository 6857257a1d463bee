"""Incremental fetch sessions (KIP-227) for an aiokafka consumer, which has none: it names every partition every time.

The broker remembers what a consumer reads and from where; a fetch says only what has moved since the last, and the
answer only what is new. Whatever is out of the ordinary (an error, a lost connection, a new assignment, an offset to
be found) goes the library's own way, and begins a new session.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from typing import Any, TypeVar

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from infra.bus.fetch_wire import Fetched, FetchTerms, Partitions, SessionFetch

log = logging.getLogger(__name__)
LAST_EPOCH = 2**31 - 1
LOOK_AGAIN_S = 0.2
TELL_EVERY_S = 30.0
T = TypeVar("T")


class Session:
    """What one broker knows of this consumer. ``epoch`` is that of the next fetch; 0 names all partitions."""

    def __init__(self) -> None:
        self.number = 0
        self.epoch = 0
        self.fetched: dict[tuple[str, int], int] = {}

    def begin_anew(self) -> None:
        """The next fetch opens a new session, in the place of this one."""
        self.epoch = 0

    def next_fetch(self, partitions: Partitions, terms: FetchTerms) -> SessionFetch:
        """The request for these partitions: all of them at the beginning, and those that moved afterwards."""
        if not self.epoch:
            self.fetched.clear()
        self.fetched.update(((topic, p), o) for topic, found in partitions.items() for p, o in found)
        return SessionFetch(self.number, self.epoch, partitions, terms)

    def answered(self, answer: Fetched) -> None:
        """The broker took the last fetch. A broker without room for sessions gives none."""
        self.number = answer.session
        self.epoch = 0 if not answer.session else self.epoch % LAST_EPOCH + 1


class FetchSessions:
    """Put into a consumer's fetcher. ``may_fetch`` is done when records are wanted; until then nothing is asked."""

    def __init__(self, fetcher: Any) -> None:
        self.may_fetch: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._fetcher = fetcher
        self._terms = FetchTerms(
            fetcher._fetch_max_wait_ms,
            fetcher._fetch_min_bytes,
            fetcher._fetch_max_bytes,
            fetcher._max_partition_fetch_bytes,
        )
        self._sessions: dict[int, Session] = {}
        self._assignment: Any = None
        self._homes: dict[TopicPartition, int] = {}
        self._moved: set[TopicPartition] = set()
        self._leaders_asked_at = -LOOK_AGAIN_S
        self._told_at = -TELL_EVERY_S
        self._actions = fetcher._get_actions_per_node
        self._proc = fetcher._proc_fetch_request
        self._client = fetcher._client
        fetcher._client = _Answering(fetcher._client)
        fetcher._get_actions_per_node = self._next_actions
        fetcher._proc_fetch_request = self._fetch

    def begin_anew(self) -> None:
        """Look at every partition again: positions were changed by somebody else."""
        self._assignment = None

    async def fetch_at_once(self) -> bool:
        """Fetch from within the caller's task, or have records still; ``False`` where the library's task is to fetch.

        That is where anything is out of the ordinary, and while several brokers are asked. Its task rests meanwhile.
        """
        if self.may_fetch.done() or len(self._sessions) != 1 or self._fetcher._in_flight or not self._is_as_usual():
            return False
        if not self._fetcher._records:
            (node,) = self._sessions
            await self._fetch_on(self._assignment, node, self._increment(self._assignment, node))
        return self._is_as_usual()

    async def taken(self, getting: Coroutine[Any, Any, T]) -> T:
        """What was fetched, as ``getting`` takes it, which has nothing to wait for; the library's task is not told."""
        fetcher = self._fetcher
        told, fetcher._wait_consume_future = fetcher._wait_consume_future, None
        try:
            return await getting
        finally:
            fetcher._wait_consume_future = told

    def _is_as_usual(self) -> bool:
        state, assignment = self._fetcher._subscriptions, self._assignment
        now = None if state.subscription is None else state.subscription.assignment
        return assignment is not None and now is assignment and assignment.active and not state.reassignment_in_progress

    def _next_actions(self, assignment: Any) -> tuple[Any, ...]:
        if not self.may_fetch.done():
            return [], {}, None, False, [self.may_fetch]
        if assignment is not self._assignment:
            return self._usual_actions(assignment)
        if self._fetcher._records:
            return [], {}, LOOK_AGAIN_S, False, []
        idle = [node for node in self._sessions if node not in self._fetcher._in_flight]
        return [(node, self._increment(assignment, node)) for node in idle], {}, LOOK_AGAIN_S, False, []

    def _usual_actions(self, assignment: Any) -> tuple[Any, ...]:
        """The library's own view of every partition. When all can be fetched, sessions begin with it."""
        fetches, resets, timeout, invalid_metadata, resumed = self._actions(assignment)
        named = {node: _partitions_of(request.topics) for node, request in fetches}
        homes = {TopicPartition(t, p): n for n, ps in named.items() for t, found in ps.items() for p, _ in found}
        if invalid_metadata and not self._may_ask_for_leaders():
            # While no broker answers, each question fails at once: the library would ask again without a pause.
            timeout, invalid_metadata = LOOK_AGAIN_S, False
        if len(homes) < len(assignment.tps):
            return fetches, resets, timeout, invalid_metadata, resumed
        self._assignment, self._homes = assignment, homes
        self._moved.clear()
        for session in self._sessions.values():
            session.begin_anew()
        sessions = {node: self._sessions.get(node) or Session() for node in named}
        self._sessions = sessions
        begun = [(node, sessions[node].next_fetch(named[node], self._terms)) for node in named]
        return begun, resets, timeout, invalid_metadata, resumed

    def _may_ask_for_leaders(self) -> bool:
        now = time.monotonic()
        if now - self._leaders_asked_at < LOOK_AGAIN_S:
            return False
        self._leaders_asked_at = now
        return True

    def _increment(self, assignment: Any, node: int) -> SessionFetch:
        session = self._sessions[node]
        if not session.epoch:
            at_home = [tp for tp, home in self._homes.items() if home == node]
            return session.next_fetch(_positions(assignment, at_home), self._terms)
        mine = [tp for tp in self._moved if self._homes.get(tp) == node]
        self._moved.difference_update(mine)
        return session.next_fetch(_positions(assignment, mine), self._terms)

    async def _fetch(self, assignment: Any, node: int, request: Any) -> bool:
        """As the library's own: whether records came. It cancels this when partitions go, and waits for its end."""
        if not isinstance(request, SessionFetch):
            return await self._proc(assignment, node, request)
        with suppress(asyncio.CancelledError):
            return await self._fetch_on(assignment, node, request)
        return False

    async def _fetch_on(self, assignment: Any, node: int, request: SessionFetch) -> bool:
        session = self._sessions.get(node)
        try:
            answer = await self._asked(node, request)
        except asyncio.CancelledError:
            self.begin_anew()
            raise
        if session is None or answer is None or answer.error_code:
            self.begin_anew()
            return False
        session.answered(answer)
        if answer.has_errors:
            self.begin_anew()
        return bool(answer.topics) and await self._handed_on(assignment, node, session, answer)

    async def _asked(self, node: int, request: SessionFetch) -> Fetched | None:
        try:
            return await self._client.send(node, request)
        except KafkaError as error:
            self._tell(type(error).__name__)
            await asyncio.sleep(self._fetcher._retry_backoff)
            return None

    def _tell(self, why: str) -> None:
        """Twice a minute at most: while no broker answers a fetch fails twenty times a second."""
        if (now := time.monotonic()) >= self._told_at + TELL_EVERY_S:
            self._told_at = now
            log.info("a fetch failed (%s); the next one begins anew", why)

    async def _handed_on(self, assignment: Any, node: int, session: Session, answer: Fetched) -> bool:
        # Also those that gave no record, since what they hold (a transaction's end) is read and done with.
        said = answer.offsets(session.fetched)
        self._moved.update(TopicPartition(topic, number) for topic, found in said.items() for number, _ in found)
        told = SessionFetch(0, 0, said, self._terms)
        return await self._proc(assignment, node, _Answered(told, answer))


class _Answered:
    """A request with its answer, for the library to go on with."""

    def __init__(self, request: SessionFetch, answer: Fetched) -> None:
        self.topics = request.topics
        self.answer = answer


class _Answering:
    """The library's client, which has the answer of an :class:`_Answered` at once."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def send(self, node: int, request: Any) -> Any:
        return request.answer if isinstance(request, _Answered) else await self._client.send(node, request)


def _partitions_of(topics: Any) -> Partitions:
    return {topic: [(partition, offset) for partition, offset, _ in found] for topic, found in topics}


def _positions(assignment: Any, partitions: Iterable[TopicPartition]) -> Partitions:
    found: Partitions = {}
    for tp in partitions:
        found.setdefault(tp.topic, []).append((tp.partition, assignment.state_value(tp).position))
    return found
