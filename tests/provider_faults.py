"""Every way in which a provider misbehaves, and what must come of it: the table that tests and docs are held to."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from simulator.behaviours import WAIT_S
from simulator.call_log import LoggedCall
from simulator.completions import LOOK_UP_TOOL
from simulator.marks import GOOD, Mark

from schemas.content import Json
from schemas.vocabulary import Action, Reason

FAULTY, SLOW, LOCKED, FORBIDDEN, UNPAID, STEADY = "faulty", "slow", "locked", "forbidden", "unpaid", "steady"
CLOSED, NAMELESS, UNTRUSTED = "closed", "nameless", "untrusted"
PROVIDERS = (FAULTY, SLOW, LOCKED, FORBIDDEN, UNPAID, STEADY, CLOSED, NAMELESS, UNTRUSTED)
BARRED = (LOCKED, FORBIDDEN, UNPAID)
"""They refuse our key, or our account."""
SHORT_S, LONG_S = 1.5, 30
KEY = "SIMULATOR_KEY"
CALM = "calm"
"""The lane of normal traffic, which goes to the steady provider alone."""
PRICES = dict.fromkeys(PROVIDERS, (1, 2)) | {STEADY: (10, 20)}
"""Micro-dollars a token read and written: the provider that misbehaves is the cheaper one, and asked first."""


class Money(StrEnum):
    """What an attempt is booked at."""

    NOTHING = "nothing"
    TOLD = "what its usage says"
    ESTIMATED = "estimated from characters"
    BOUNDED = "at most the bound"
    LATE = "at most the bound, then what its usage says"
    LATE_NOTHING = "at most the bound, then nothing"


@dataclass(frozen=True, slots=True)
class Fault:
    """What a provider does (``told``), and what must come of it.

    ``reason`` is ``None`` where the answer is accepted, ``then`` where nothing follows: the request is answered, or it
    ends with the reason. ``case`` is the simulator's; ``wait_s`` what the provider asks for.
    """

    name: str
    told: str
    reason: Reason | None
    then: Action | None
    cost: Money
    provider: str = FAULTY
    case: str | None = None
    wait_s: int | None = None
    latency_s: float | None = None
    has_tools: bool = False

    @property
    def mark(self) -> Mark:
        """What the prompt asks of the simulator."""
        return Mark(self.case or self.name, at=self.provider, latency_s=self.latency_s)

    @property
    def model(self) -> str:
        """A model of the fault's own, so that a path's breaker is nobody else's."""
        return f"model-{self.name}"

    def request(self) -> Json:
        """The request that meets it, for the intake topic."""
        asked: Json = {"messages": [{"role": "user", "content": f"{self.mark} When is it open?"}], "lane": self.name}
        return asked | ({"tools": [LOOK_UP_TOOL]} if self.has_tools else {})


def _fails(name: str, told: str, reason: Reason, cost: Money, provider: str = FAULTY, **more: Any) -> Fault:
    """A fault of the path: another path of the tier is tried."""
    return Fault(name, told, reason, Action.SIDEWAYS, cost, provider, **more)


def _late(name: str, told: str, cost: Money, case: str) -> Fault:
    """What comes after the call's time, and tells what it cost."""
    return _fails(name, told, Reason.TIMEOUT, cost, SLOW, case=case, latency_s=4 * SHORT_S)


def _passes(name: str, told: str, cost: Money, case: str | None = None) -> Fault:
    """An oddity that does no harm: the answer is taken, if its checks pass."""
    return Fault(name, told, None, None, cost, case=case)


def _mended(name: str, told: str) -> Fault:
    """An answer that its model can mend."""
    return Fault(name, told, Reason.CHECK_FAILED, Action.REPAIR, Money.TOLD, has_tools=True)


NOTHING, TOLD, ESTIMATED, BOUNDED = Money.NOTHING, Money.TOLD, Money.ESTIMATED, Money.BOUNDED
RATE, ERROR, BAD = Reason.RATE_LIMITED, Reason.PROVIDER_ERROR, Reason.BAD_ANSWER
FAULTS = (
    _fails("rate_limited", "429", RATE, NOTHING),
    _fails("rate_limited_for_seconds", "429 with `Retry-After` in seconds", RATE, NOTHING, wait_s=WAIT_S),
    _fails("rate_limited_until_date", "429 with `Retry-After` as a date", RATE, NOTHING, wait_s=WAIT_S),
    _fails("server_error", "500", ERROR, BOUNDED),
    _fails("bad_gateway", "502", ERROR, BOUNDED),
    _fails("unavailable", "503", ERROR, NOTHING),
    _fails("overloaded", "529", ERROR, NOTHING),
    _fails("request_timeout", "408", Reason.TIMEOUT, BOUNDED),
    _fails("key_unknown", "401", Reason.UNAUTHORIZED, NOTHING, LOCKED),
    _fails("key_forbidden", "403", Reason.UNAUTHORIZED, NOTHING, FORBIDDEN),
    _fails("quota_spent", "429, the account has no quota left", Reason.UNAUTHORIZED, NOTHING, UNPAID),
    Fault("context_too_long", "400, longer than the context", Reason.CONTEXT_TOO_LONG, Action.UP, NOTHING),
    Fault("invalid_request", "400, anything else", Reason.INVALID_REQUEST, None, NOTHING),
    _fails("no_such_model", "404", Reason.UNKNOWN_MODEL, NOTHING),
    _fails("prompt_filtered", "400, the content filter refuses the prompt", Reason.CONTENT_FILTERED, NOTHING),
    _fails("answer_filtered", "the content filter stops the answer", Reason.CONTENT_FILTERED, TOLD),
    _fails("redirected", "a redirect", ERROR, NOTHING),
    _fails("connection_refused", "nobody listens", Reason.UNREACHABLE, NOTHING, CLOSED),
    _fails("dns_failure", "its name has no address", Reason.UNREACHABLE, NOTHING, NAMELESS),
    _fails("tls_failure", "TLS cannot be agreed on", Reason.UNREACHABLE, NOTHING, UNTRUSTED),
    _fails("reset", "the connection is reset", ERROR, BOUNDED),
    _fails("closed_in_the_middle", "the connection is closed in the middle of the answer", ERROR, BOUNDED),
    _fails("not_http", "something that is no HTTP", ERROR, BOUNDED),
    _fails("no_first_byte", "not one byte", Reason.TIMEOUT, BOUNDED, SLOW),
    _fails("hangs_in_the_middle", "half an answer, and then nothing", Reason.TIMEOUT, BOUNDED, SLOW),
    _fails("one_byte_a_second", "one byte a second", Reason.TIMEOUT, BOUNDED, SLOW),
    _late("late_success", "a good answer, too late", Money.LATE, GOOD),
    _late("late_refusal", "429, too late", Money.LATE_NOTHING, "rate_limited"),
    _fails("truncated_json", "JSON that is cut off", BAD, BOUNDED),
    _fails("html_page", "an HTML page with status 200", BAD, BOUNDED),
    _fails("endless_body", "a body without end", BAD, BOUNDED),
    _fails("gzip_bomb", "a megabyte that unpacks to a gigabyte", BAD, BOUNDED),
    _fails("empty_choices", "no choices", BAD, TOLD),
    _fails("null_content", "`content` is null", Reason.EMPTY, TOLD),
    _mended("broken_tool_call", "a tool call whose arguments are no JSON"),
    _mended("duplicated_tool_call_ids", "two tool calls with one id"),
    _passes("duplicated_ids", "an answer with the id of another", TOLD, GOOD),
    _passes("unknown_finish_reason", "a finish reason that nobody knows", TOLD),
    _passes("another_model", "an answer by another model than the one asked", TOLD),
    _passes("usage_missing", "no `usage`", ESTIMATED),
    _passes("usage_zero", "a `usage` of zero", ESTIMATED),
    _passes("usage_absurd", "an absurd `usage`", ESTIMATED),
)
HEAD = ("| the provider gives | reason | then | cost |", "|---|---|---|---|")
THEN = {
    Action.SIDEWAYS: "another path of the tier, else up",
    Action.UP: "a model with a longer context",
    Action.REPAIR: "its model mends it, else up",
}


def least_wait_ms(wait_s: int, call: LoggedCall, heard_by_ms: float) -> float:
    """The least that is left of a wait that a call was told, by when it was heard; a date is told in whole seconds."""
    return max(0, (call.asked_at + wait_s - 1) * 1000 - heard_by_ms)


def table() -> list[str]:
    """The lines of the table in ``docs/provider-faults.md``."""
    return [*HEAD, *map(_row, FAULTS)]


def _row(fault: Fault) -> str:
    reason = f"`{fault.reason}`" if fault.reason else "none"
    return f"| {fault.told} | {reason} | {_then(fault)} | {fault.cost} |"


def _then(fault: Fault) -> str:
    if fault.reason is Reason.UNAUTHORIZED:
        return "another provider, beside or up"
    if fault.reason is Reason.RATE_LIMITED:
        return "another path of the tier, else again later, or up"
    if fault.then is not None:
        return THEN[fault.then]
    return "the end: the client is told" if fault.reason else "its checks judge it"


def document(simulator: str, closed_port: int, adapter: str = "openai_compatible") -> Json:
    """A portfolio in which each fault has a model and a lane of its own, and a steady provider can take over.

    The tier above holds a model whose context is no longer; only the third tier's is. ``twin`` models are served by the
    provider that refuses the key or the account, and by nobody else.
    """
    return {
        "defaults": {"data_class": "internal", "lane": CALM},
        "providers": _providers(simulator, closed_port, adapter),
        "models": {
            **{fault.model: _model(fault.provider, STEADY) for fault in FAULTS},
            **{f"twin-{name}": _model(name) for name in BARRED},
            "same-context": _model(STEADY),
            "long-context": {**_model(STEADY), "context_tokens": 100_000},
        },
        "lanes": {CALM: _lane([["same-context"]]), **{fault.name: _lane(_tiers(fault)) for fault in FAULTS}},
    }


def _providers(simulator: str, closed_port: int, adapter: str) -> Json:
    elsewhere = {
        CLOSED: f"http://127.0.0.1:{closed_port}/v1",
        NAMELESS: "http://provider.invalid/v1",
        UNTRUSTED: f"{simulator.replace('http://', 'https://')}/v1",
    }
    urls = {name: elsewhere.get(name, f"{simulator}/{name}/v1") for name in PROVIDERS}
    usual: Json = {"adapter": adapter, "concurrency": 64}
    if adapter == "litellm":
        usual["api_key_env"] = KEY
    return {
        name: {**usual, "base_url": url, "timeout_s": SHORT_S if name == SLOW else LONG_S} for name, url in urls.items()
    }


def _tiers(fault: Fault) -> list[list[str]]:
    twin = [f"twin-{fault.provider}"] if fault.provider in BARRED else []
    return [[fault.model, *twin], ["same-context"], ["long-context"]]


def _lane(tiers: list[list[str]]) -> Json:
    return {"tiers": tiers, "checks": ["format"], "deadline_s": 60, "max_attempts": 6}


def _model(*providers: str) -> Json:
    told = {"kind": "api", "owner": "tests", "context_tokens": 8_000, "abilities": ["chat", "json", "tools"]}
    return {**told, "endpoints": [_endpoint(provider) for provider in providers]}


def _endpoint(provider: str) -> Json:
    read, written = PRICES[provider]
    return {"provider": provider, "model": f"openai/{provider}", "price": {"input": str(read), "output": str(written)}}
