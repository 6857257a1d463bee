"""A request, from intake to its profile: what was asked, of whom, under which limits."""

from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, WithJsonSchema

from schemas.content import Body, Json, Source
from schemas.fact import Event, Fact, null_is
from schemas.languages import UNKNOWN
from schemas.money import DollarText, MicroUsd
from schemas.recall import Keep, Recall, Recalled
from schemas.vocabulary import EMBEDDINGS, DataClass, OpenDataClass, OpenReason, OpenRisk, Operation, Risk


def _chat_message(message: Json) -> Json:
    """One chat message, as in OpenAI's chat completions; what else it holds is passed through."""
    if not isinstance(message.get("role"), str):
        raise ValueError("a message needs a role: system, user, assistant or tool")
    content: Any = message.get("content")
    if not isinstance(content, str | list | None):
        raise ValueError("a message's content is a string, a list of parts, or null")
    if isinstance(content, list):
        _refuse_wrong_part(cast("list[Any]", content))
    return message


def _refuse_wrong_part(parts: list[Any]) -> None:
    """A part that no model could read; servers of models fail on some of them, as if the fault were theirs."""
    for index, part in enumerate(parts):
        if (wanted := _wanted_of(part)) is not None:
            raise ValueError(f"content[{index}] should be {wanted}")


def _wanted_of(part: Any) -> str | None:
    """The shape that a part should have and has not. Parts of other types are the model's to read."""
    told = cast("Json", part) if isinstance(part, dict) else {}
    kind = told.get("type")
    if not isinstance(kind, str):
        return 'an object with a type, such as {"type": "text", "text": "..."}'
    if kind == "text" and not isinstance(told.get("text"), str):
        return '{"type": "text", "text": "..."}'
    if kind == "image_url" and not _has_url(told.get("image_url")):
        return '{"type": "image_url", "image_url": {"url": "..."}}'
    return None


def _has_url(image: Any) -> bool:
    """In OpenAI's form; or plain, as some servers and LiteLLM take it."""
    return isinstance(image, str) or (isinstance(image, dict) and isinstance(cast("Json", image).get("url"), str))


CHAT_MESSAGE = {
    "type": "object",
    "properties": {"role": {"type": "string"}, "content": {"type": ["string", "array", "null"]}},
    "required": ["role"],
}
"""What the published JSON Schema says of a message; the rest of it is OpenAI's."""

ChatMessage = Annotated[Json, AfterValidator(_chat_message), WithJsonSchema(CHAT_MESSAGE)]


class Grant(Fact):
    """What the API key allows that a request came with to the gateway. No lanes or data classes: any."""

    key: str
    lanes: tuple[str, ...] | None = Field(default=None, fail_fast=True)
    data_classes: tuple[DataClass, ...] | None = Field(default=None, fail_fast=True)


class RequestSubmitted(Event):
    """The intake contract: nothing but ``messages`` is required. Read from any Kafka client's JSON value.

    ``body``: the JSON object of ``messages``, ``tools``, ``response_format``, ``params``, ``checks`` and ``sources`` by
    reference, for a request that is larger than a message of Kafka; those fields then say nothing themselves.
    ``grant``: what the gateway says of the client's API key; the profiler holds the request to it. ``recall``: what its
    cache holds of it, which counts on the gateway's own topic alone. ``operation``: ``embeddings`` asks for a vector of
    each message's text; a chat is meant where it is absent. ``stream``: the gateway's client reads a stream, which is
    live where the lane says so. ``waited_s``: how much of its time its client has waited before it was said.
    """

    messages: tuple[ChatMessage, ...] = Field(min_length=1, fail_fast=True)
    operation: Operation | None = None
    model: str | None = None
    tools: tuple[Json, ...] | None = Field(default=None, fail_fast=True)
    response_format: Json | None = None
    params: Annotated[Json, null_is(dict)] = Field(default_factory=dict)
    request_id: UUID | None = None
    task: str | None = None
    lane: str | None = None
    risk: Risk | None = None
    checks: Annotated[tuple[Json, ...], null_is(tuple)] = Field(default=(), fail_fast=True)
    sources: Annotated[tuple[Source, ...], null_is(tuple)] = Field(default=(), fail_fast=True)
    data_class: DataClass | None = None
    tenant: str | None = None
    session: str | None = None
    budget_usd: DollarText = None
    deadline_s: float | None = Field(default=None, gt=0)
    metadata: Annotated[dict[str, Any], null_is(dict)] = Field(default_factory=dict)
    body: Body | None = None
    grant: Grant | None = None
    recall: Recall | None = None
    stream: bool | None = None
    waited_s: float | None = Field(default=None, gt=0)

    @property
    def subject(self) -> UUID:
        """Its id. Raises ``ValueError`` without one: only where it stands in the log would name it then."""
        if self.request_id is None:
            raise ValueError("a request that a service says needs a request_id")
        return self.request_id


class Features(Fact):
    """What the request's own facts say."""

    characters: int = Field(ge=0)
    estimated_tokens: int = Field(ge=0)
    has_tools: bool = False
    has_schema: bool = False
    has_code: bool = False
    has_images: bool = False
    has_audio: bool = False
    language: str = UNKNOWN


class Profile(Fact):
    """What the task really asks, and how sure the profiler is (0 to 1). ``needs`` are abilities of a model.

    ``sensitive``: the kinds of personal data and secrets that its text holds, never the data; ``unread``, where it was
    too long to be looked through whole. ``classifier``: the version of the learned classifier that told the task, or
    was unsure of it; absent where none was asked. ``most_output_tokens``: the client's own bound on an answer; absent
    where it set none. ``unsure``: neither its client nor its form told the task, and no classifier was sure of it.
    """

    task: str
    confidence: float = Field(ge=0, le=1)
    why: str
    needs: tuple[str, ...] = ()
    context_tokens: int = Field(ge=0)
    features: Features
    sensitive: tuple[str, ...] = ()
    classifier: str | None = None
    most_output_tokens: int | None = Field(default=None, ge=1)
    unsure: bool | None = None


class Conversation(Fact):
    """What is asked at one of several equal endpoints, turn by turn: a provider's cache of prompts knows it there.

    ``key``: the same for every turn; it says nothing else. ``told_by``: what turns are known by, in words for people.
    """

    key: str
    told_by: str


class Request(Fact):
    """An admitted request: the facts that every later event carries. Content travels beside it, as a body.

    ``keep``: what becomes of its answer where its lane has a cache that may hold it. ``live``: its client reads an
    answer while it is written, before it is checked. ``conversation``: absent where nothing tells one.
    """

    request_id: UUID
    tenant: str
    session: str | None = None
    admitted_at: AwareDatetime
    deadline_at: AwareDatetime
    lane: str
    revision: str
    fingerprint: str
    pinned_model: str | None = None
    data_class: OpenDataClass
    risk: OpenRisk
    budget_micro_usd: MicroUsd | None = None
    max_attempts: int = Field(ge=1)
    reply_to: str | None = None
    reply_key: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    profile: Profile
    keep: Keep | None = None
    live: bool | None = None
    conversation: Conversation | None = None

    @property
    def wants_vectors(self) -> bool:
        """Whether it asks for embeddings, and for no chat."""
        return EMBEDDINGS in self.profile.needs


class Refusal(Fact):
    """Why an admitted request cannot be served at all. ``retry_at``: when it could be, where that is known."""

    reason: OpenReason
    detail: str
    retry_at: AwareDatetime | None = None


class RequestProfiled(Event):
    """Admitted, and what the task really asks. A refused one goes straight to its honest end.

    So does one whose answer was ``recalled`` from the cache, and no model is asked.
    """

    request: Request
    body: Body
    attempt_deadline_at: AwareDatetime
    refusal: Refusal | None = None
    recalled: Recalled | None = None

    @property
    def subject(self) -> UUID:
        return self.request.request_id

    @property
    def expires_at(self) -> datetime:
        return self.attempt_deadline_at
