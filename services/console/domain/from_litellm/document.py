"""The portfolio document of a LiteLLM configuration, as text: commented, priced, and without a secret."""

import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from schemas.models import Price
from schemas.portfolio import MOST_ATTEMPTS
from services.console.domain.from_litellm.clouds import Cloud
from services.console.domain.from_litellm.deployments import Connection, Deployment
from services.console.domain.from_litellm.told import Told, printable
from services.console.domain.prudence import usd_per_million_tokens
from services.console.domain.starter import GUESSED, GUESSED_PRICE, TASKS, model_lines, price_lines

WIDTH = 150
USUAL_TIMEOUT_S, LEAST_DEADLINE_S, LONGEST_DEADLINE_S = 60.0, 120.0, 600.0
AT_ONCE, AT_ONCE_OLLAMA = 16, 2
STANDS_BY = "   # it stands by: LiteLLM's shuffle passes over what does not say what the others do"
USUAL_RETRIES = 2
"""LiteLLM's own, where a configuration says none."""
MOST_RUNGS = 3
CHECKS = {False: "format", True: "vectors"}
HEAD = """\
# The portfolio: which models there are, where they run, and which lane serves which task.
# Written by `portfolio init --from-litellm` on {today}, from {file}.
# It holds no key: a provider's key stays in the variable that `api_key_env` names, and its worker alone reads it.
# {prices}
#   portfolio check          says what is wrong in this file, line by line, and what is unwise
#   portfolio apply          makes it the revision in force; portfolio rollback takes it back
{told}
defaults:
  data_class: internal       # of a request that says nothing of its data
  lane: {lane}               # of a request that names no model (model: auto), and of one that names a model alone

# Data of any class may go anywhere, as with LiteLLM. To keep some of it in places, say which regions it may go to:
#   residency: {{confidential: [eu, on-premises], restricted: [on-premises]}}

# What requests are about. The profiler tells most classes by a request's form; a client may name one.
tasks:
"""
VECTORS_TASK = '  embeddings: {describe: "texts as vectors, by POST /v1/embeddings"}\n'
LANES = """
# Tiers go from the first that is asked to the last. What fails in one, or fails a check, moves on. No lane has a
# budget, as with LiteLLM; each needs one (budget_usd: "0.05", for a request) once tenants have budgets.
lanes:
"""
EVERYDAY = "  # New with this: `model: auto` asks the cheapest first, and moves up where a check fails."
VECTORS = "  # Vectors of two models cannot be compared: a client names one, else it gets those of the first."


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A deployment, at the provider that was made for it. ``weight``: its part of what it shares, where it is said.

    ``times``: how often it is written.
    """

    provider: str
    deployment: Deployment
    weight: float | None = None
    times: int = 1


@dataclass(frozen=True, slots=True)
class Model:
    """A model of the document, with what all its endpoints can do. ``also_called``: what clients ask it by, too."""

    name: str
    endpoints: tuple[Endpoint, ...]
    also_called: str | None = None

    @property
    def embeds(self) -> bool:
        """Whether it makes vectors of texts."""
        return self.endpoints[0].deployment.embeds

    @property
    def assumed(self) -> bool:
        """Whether nothing says that it answers chats."""
        return all(each.deployment.assumed for each in self.endpoints)

    @property
    def timeout_s(self) -> float:
        """The longest that one attempt may take."""
        return max(each.deployment.connection.timeout_s or USUAL_TIMEOUT_S for each in self.endpoints)

    @property
    def cost(self) -> tuple[bool, Decimal]:
        """Where it stands among others: unpriced ones last."""
        costs = [cost for each in self.endpoints if (cost := _cost(each.deployment)) is not None]
        return not costs, min(costs, default=Decimal(0))


def _cost(deployment: Deployment) -> Decimal | None:
    if deployment.guessed:
        return usd_per_million_tokens(Price.of(GUESSED))
    read, write = deployment.known.input, deployment.known.output
    return None if read is None or write is None else usd_per_million_tokens(Price(input=read, output=write))


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane: what stands above it, its tasks, and its tiers. ``keeps_order``: whatever is learned of its models."""

    name: str
    comment: str
    tiers: tuple[tuple[Model, ...], ...]
    tasks: tuple[str, ...] = ()
    keeps_order: bool = False
    also_called: str | None = None


@dataclass(frozen=True, slots=True)
class Portfolio:
    """All that the document says. ``open_s``: how long a path is set aside at first, where LiteLLM's was told."""

    file: str
    today: date
    price_list: str
    providers: tuple[tuple[str, Connection], ...]
    models: tuple[Model, ...]
    lanes: tuple[Lane, ...]
    told: tuple[Told, ...]
    retries: int | None = None
    open_s: float | None = None


def written(portfolio: Portfolio) -> str:
    """The document."""
    embeds = any(each.embeds for each in portfolio.models)
    parts = [_head(portfolio), TASKS, VECTORS_TASK if embeds else "", "\nproviders:\n"]
    parts += [line for name, each in portfolio.providers for line in _provider(name, each, portfolio.open_s)]
    parts += ["\nmodels:\n", *(f"{line}\n" for each in portfolio.models for line in _model(each, portfolio.today))]
    parts += [LANES, *(f"{line}\n" for each in portfolio.lanes for line in _lane(each, portfolio.retries))]
    return "".join(parts)


def _head(portfolio: Portfolio) -> str:
    prices = (
        f"Prices are LiteLLM's list ({portfolio.price_list}) as read on that day, in dollars per million tokens."
        if portfolio.price_list
        else "Only prices of the configuration stand here, since LiteLLM is not installed: a worker asks its own list."
    )
    told = "".join(_comment(each) for each in portfolio.told)
    heading = "#\n# What was not simply carried over from LiteLLM, and what to do instead:\n" if told else ""
    file = printable(portfolio.file)
    lane = json.dumps(portfolio.lanes[0].name)
    return HEAD.format(today=portfolio.today, file=file, prices=prices, told=f"{heading}{told}", lane=lane)


def _comment(told: Told) -> str:
    of = f" ({', '.join(told.of)})" if told.of else ""
    text = f"{told.setting}{of}: {told.fate}: {told.says}"
    return textwrap.indent(f"{textwrap.fill(text, WIDTH, subsequent_indent='  ', break_on_hyphens=False)}\n", "#   ")


def _provider(name: str, connection: Connection, open_s: float | None) -> Iterator[str]:
    yield f"  {json.dumps(name)}:\n"
    yield f"    adapter: {'openai_compatible' if connection.speaks_openai else 'litellm'}\n"
    if connection.vendor:
        yield f"    vendor: {json.dumps(connection.vendor)}\n"
    if connection.base_url:
        yield f"    base_url: {json.dumps(connection.base_url)}\n"
    if connection.region:
        yield f"    region: {connection.region}\n"
    if connection.key:
        yield f"    api_key_env: {connection.key}   # the variable's name, never the key\n"
    yield from _cloud(connection.cloud)
    at_once = connection.concurrency or (AT_ONCE_OLLAMA if connection.label.startswith("ollama") else AT_ONCE)
    yield f"    concurrency: {at_once}   # calls at once, of each worker process\n"
    if connection.requests_per_minute:
        yield f"    requests_per_minute: {connection.requests_per_minute}\n"
    if connection.tokens_per_minute:
        yield f"    tokens_per_minute: {connection.tokens_per_minute}\n"
    yield f"    timeout_s: {connection.timeout_s or USUAL_TIMEOUT_S:g}\n"
    if open_s:
        yield f"    breaker: {{open_s: {open_s:g}, longest_open_s: {max(300, open_s):g}}}   # LiteLLM's cooldown_time\n"


def _cloud(cloud: Cloud) -> Iterator[str]:
    parts = (("settings", cloud.settings), ("settings_env", cloud.settings_env), ("headers_env", cloud.headers_env))
    for name, told in parts:
        if told:
            comment = "" if name == "settings" else "   # names of variables, never values"
            pairs = ", ".join(f"{json.dumps(each)}: {json.dumps(value)}" for each, value in told)
            yield f"    {name}: {{{pairs}}}{comment}\n"


def _model(model: Model, today: date) -> Iterator[str]:
    known = [each.deployment.known for each in model.endpoints]
    context = min(each.context_tokens for each in known)
    abilities = [each for each in known[0].abilities if all(each in other.abilities for other in known)]
    own = all(each.deployment.connection.own for each in model.endpoints)
    lines = model_lines(model.name, "open_source" if own else "api", str(context), abilities)
    yield from lines[:-1]
    yield from _also_called(model.also_called)
    most = [each.deployment.most_output_tokens for each in model.endpoints if each.deployment.most_output_tokens]
    if most and min(most) < context:
        yield f"    most_output_tokens: {min(most)}"
    yield lines[-1]
    for endpoint in model.endpoints:
        yield f"      - provider: {json.dumps(endpoint.provider)}"
        yield f"        model: {json.dumps(endpoint.deployment.known.model)}"
        if endpoint.weight is not None:
            yield f"        weight: {endpoint.weight:.12g}{STANDS_BY if endpoint.weight == 0 else ''}"
        yield from price_lines(endpoint.deployment.known, today)
        if endpoint.deployment.guessed:
            yield GUESSED_PRICE


def _also_called(name: str | None) -> Iterator[str]:
    if name is not None:
        yield f"    also_called: [{json.dumps(name)}]"


def _lane(lane: Lane, retries: int | None) -> Iterator[str]:
    tiers = ", ".join(f"[{', '.join(json.dumps(model.name) for model in tier)}]" for tier in lane.tiers)
    yield lane.comment
    yield f"  {json.dumps(lane.name)}:"
    yield from _also_called(lane.also_called)
    if lane.tasks:
        yield f"    tasks: [{', '.join(lane.tasks)}]"
    yield f"    tiers: [{tiers}]"
    yield f"    checks: [{CHECKS[lane.tiers[0][0].embeds]}]"
    if lane.keeps_order:
        yield "    learns: false              # LiteLLM's order; without this line what does well for less goes first"
    yield f"    max_attempts: {_attempts(lane, retries)}"
    yield f"    deadline_s: {_deadline_s(lane):g}            # for all attempts together"


def _attempts(lane: Lane, retries: int | None) -> int:
    paths = max(len(each.endpoints) for tier in lane.tiers for each in tier) + len(lane.tiers) - 1
    return max(1, min(MOST_ATTEMPTS, paths + (USUAL_RETRIES if retries is None else retries)))


def _deadline_s(lane: Lane) -> float:
    """Time for one attempt in each tier, within what the gateway waits."""
    wanted = sum(max(each.timeout_s for each in tier) for tier in lane.tiers)
    return min(LONGEST_DEADLINE_S, max(LEAST_DEADLINE_S, wanted))


def rungs(models: Sequence[Model]) -> tuple[tuple[Model, ...], ...]:
    """Tiers of all models, the cheapest first: three at most, as equal in number as can be."""
    ordered = sorted(models, key=lambda each: (*each.cost, each.name))
    count = min(MOST_RUNGS, len(ordered))
    edges = [round(number * len(ordered) / count) for number in range(count + 1)]
    return tuple(tuple(ordered[start:end]) for start, end in pairwise(edges))
