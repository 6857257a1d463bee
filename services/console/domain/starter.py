"""A first portfolio, written from what was found: commented, priced, and holding names of variables, never a secret."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from schemas.portfolio import MOST_ATTEMPTS
from services.console.domain.local_models import LocalModel, LocalServer, ladder, name_of
from services.console.domain.vendors import HostedModel, HostedVendor

TRIES_BESIDE_TIERS = 2
CONCURRENCY = {"ollama": 2, "vllm": 16}
GUESSED = {"usd_per_hour": "0.05", "tokens_per_s": 125}
GUESSED_PRICE = (
    f'        price: {{usd_per_hour: "{GUESSED["usd_per_hour"]}", tokens_per_s: {GUESSED["tokens_per_s"]}}}'
    "   # a guess: what your machine costs an hour, and what it writes"
)
"""An endpoint's line, for a server of one's own."""
TASKS = """\
  faq: {describe: short questions of fact}
  general: {describe: whatever shows no other form}
  code: {describe: "code to write, explain or mend"}
  extraction: {describe: "facts out of a text, as JSON of a given schema"}
  tool_use: {describe: a question that may need one of the tools offered}
  translation: {describe: a text in another language}
"""
HEAD = """\
# The portfolio: which models there are, where they run, and which lane serves which task.
# Written by `portfolio init` on {today}, from what it found:
{found}
# It holds no key: a provider's key stays in the variable that `api_key_env` names, and its worker alone reads it.
# {prices}
#   portfolio check          says what is wrong in this file, line by line, and what is unwise
#   portfolio apply          makes it the revision in force; portfolio rollback takes it back

defaults:
  data_class: internal       # of a request that says nothing of its data
  lane: simple               # of a task that no lane names

# Where data of a class may go. A class that is absent here may go anywhere; what has nowhere to go is refused.
residency:
  confidential: [{sensitive}]
  restricted: [{sensitive}]

# What requests are about. The profiler tells most classes by a request's form; a client may name one.
tasks:
"""
HOSTED = """\
  {name}:
    adapter: litellm
    vendor: {name}
    region: {region}
    api_key_env: {key}   # the variable's name, never the key
    concurrency: 8
    timeout_s: 60
    spend_cap_usd: "5"   # the most that its worker spends from its start to its end: raise it when you trust it
"""
LOCAL = """\
  # On this machine: what it reads goes nowhere else. A worker in a container needs the host's name in this address.
  {name}:
    adapter: openai_compatible
    base_url: {url}
    region: on-premises
    concurrency: {concurrency}
    timeout_s: 60
"""
DECISION = '  decision: {describe: "a decision about people or money", risk: high}   # only when a client names it\n'
SIMPLE = """
# Tiers go from the cheapest to the strongest. A tier may hold several models; the cheapest eligible one is asked, and
# an answer that fails a check is repaired, tried elsewhere, or moved up a tier.
lanes:
  simple:
    tasks: [faq, general, code, extraction, tool_use, translation]
    tiers: {tiers}
    checks: [format]
    max_attempts: {attempts}
    budget_usd: "0.05"         # once a request has spent it, no further attempt is made
    deadline_s: 120
"""
CRITICAL = """\
  # Being wrong is dear here: an answer counts only when another model gives the same one.
  critical:
    tasks: [decision]
    tiers: {tiers}
    checks: [format, agreement]
    priority: 1
    max_attempts: {attempts}
    budget_usd: "0.25"
    deadline_s: 120
"""
VECTORS_TASK = '  embeddings: {describe: "texts as vectors, by POST /v1/embeddings"}\n'
VECTORS = """\
  # Vectors of two models cannot be compared: a lane gives those of the first model of its tiers.
  embeddings:
    tasks: [embeddings]
    tiers: [[{model}]]
    checks: [vectors]
    budget_usd: "0.01"
    deadline_s: 60
"""
ALONE = """\
  # No lane for what must not be wrong (`checks: [format, agreement]`): that takes models of two vendors, so that they
  # do not fall together. Set another vendor's key, or start another server, and run `portfolio init --force`.
"""


@dataclass(frozen=True, slots=True)
class Found:
    """What a first portfolio is written from. ``price_list``: LiteLLM's, with its version; empty where it is absent."""

    servers: Sequence[LocalServer]
    vendors: Sequence[HostedVendor]
    price_list: str
    today: date

    @property
    def usable(self) -> bool:
        """Whether there is a model that answers."""
        return bool(self.vendors) or any(server.chats for server in self.servers)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A model of the document: its name there, its tier (hosted ones after all local ones), and its lines.

    One that embeds stands in no tier of those that answer.
    """

    name: str
    provider: str
    tier: tuple[int, int] | None
    lines: tuple[str, ...]


def starter(found: Found) -> str:
    """The document. ``found`` must be usable."""
    chosen = list(_chosen(found))
    several = len({each.provider for each in chosen if each.tier}) > 1
    tiers = _tiers(chosen)
    embedder = next((json.dumps(each.name) for each in chosen if each.tier is None), None)
    attempts = min(MOST_ATTEMPTS, len(tiers) + TRIES_BESIDE_TIERS)
    of_lane = {"tiers": f"[{', '.join(tiers)}]", "attempts": attempts}
    tasks = [DECISION if several else "", VECTORS_TASK if embedder else ""]
    parts = [_head(found), *tasks, "\nproviders:\n", *_providers(found), "\nmodels:\n"]
    parts += [f"{line}\n" for each in chosen for line in each.lines]
    lanes = [SIMPLE.format(**of_lane), CRITICAL.format(**of_lane) if several else ALONE]
    return "".join([*parts, *lanes, VECTORS.format(model=embedder) if embedder else ""])


def _head(found: Found) -> str:
    prices = (
        f"Prices are LiteLLM's list ({found.price_list}) as read on that day, in dollars per million tokens."
        if found.price_list
        else "No price stands here, since LiteLLM is not installed: each worker asks its own price list."
    )
    at_home = any(server.chats for server in found.servers)
    regions = {each.vendor.region for each in found.vendors}
    sensitive = "on-premises" if at_home or "eu" not in regions else "eu"
    lines = "\n".join(f"#   {line}" for line in told(found))
    return HEAD.format(today=found.today, found=lines, prices=prices, sensitive=sensitive) + TASKS


def told(found: Found) -> list[str]:
    """What was found, line by line, for people."""
    lines = [_of_server(server) for server in found.servers]
    return lines + [f"{each.key} is set: {each.vendor.name}" for each in found.vendors]


def _of_server(server: LocalServer) -> str:
    if server.locked:
        return f"{server.kind} at {server.url} wants a key: set VLLM_API_KEY"
    names = ", ".join(each.model for each in server.models)
    return f"{server.kind} at {server.url}: {names or 'it has no model that chats or embeds'}"


def _providers(found: Found) -> Iterator[str]:
    for server in found.servers:
        if server.models:
            yield from _local_provider(server)
    for each in found.vendors:
        yield HOSTED.format(name=each.vendor.name, region=each.vendor.region, key=each.key)


def _local_provider(server: LocalServer) -> Iterator[str]:
    url = json.dumps(f"{server.url}/v1")
    yield LOCAL.format(name=server.kind, url=url, concurrency=CONCURRENCY[server.kind])
    if server.key:
        yield f"    api_key_env: {server.key}   # the variable's name, never the key\n"


def _chosen(found: Found) -> Iterator[Chosen]:
    taken: set[str] = set()
    for server in found.servers:
        for tier, model in _ranked(server):
            name = _free(name_of(model.model), server.kind, taken)
            yield Chosen(name, server.kind, tier, _local(name, server, model))
    for vendor in found.vendors:
        for tier, hosted in ((1, vendor.small), (2, vendor.strong)):
            if hosted is not None:
                name = _free(name_of(hosted.model), vendor.vendor.name, taken)
                yield Chosen(name, vendor.vendor.name, (tier, 0), _hosted(name, vendor, hosted, found.today))


def _ranked(server: LocalServer) -> Iterator[tuple[tuple[int, int] | None, LocalModel]]:
    yield from (((0, rung), model) for rung, model in enumerate(ladder(server.chats)))
    yield from ((None, model) for model in server.embedders)


def _free(name: str, provider: str, taken: set[str]) -> str:
    free = name if name not in taken else f"{name}-{provider}"
    taken.add(free)
    return free


def _tiers(chosen: Sequence[Chosen]) -> list[str]:
    """Each tier as it stands in the document."""
    order = sorted({each.tier for each in chosen if each.tier})
    names = ([json.dumps(each.name) for each in chosen if each.tier == tier] for tier in order)
    return [f"[{', '.join(tier)}]" for tier in names]


def _local(name: str, server: LocalServer, model: LocalModel) -> tuple[str, ...]:
    more = f"   # the model could read {model.reads}; Ollama reads what OLLAMA_CONTEXT_LENGTH says (4096)"
    cut = model.reads > model.context_tokens
    return (
        *model_lines(name, "open_source", f"{model.context_tokens}{more if cut else ''}", model.abilities),
        f"      - provider: {server.kind}",
        f"        model: {json.dumps(model.model)}",
        GUESSED_PRICE,
    )


def _hosted(name: str, vendor: HostedVendor, model: HostedModel, today: date) -> tuple[str, ...]:
    place = (f"      - provider: {vendor.vendor.name}", f"        model: {json.dumps(model.model)}")
    return (*model_lines(name, "api", str(model.context_tokens), model.abilities), *place, *price_lines(model, today))


def price_lines(model: HostedModel, today: date) -> tuple[str, ...]:
    """An endpoint's price, as a line of the document; none where the list does not say."""
    if model.input is None or model.output is None:
        return ()
    names = ("input", "cached_input", "cache_write", "output")
    told = [f'{name}: "{price:f}"' for name in names if (price := getattr(model, name)) is not None]
    above = f"above: [{', '.join(_above(*each) for each in model.above)}], " if model.above else ""
    return (f"        price: {{{', '.join(told)}, {above}from: {today}}}",)


def _above(tokens: int, prices: Iterable[tuple[str, Decimal]]) -> str:
    told = "".join(f', {name}: "{price:f}"' for name, price in prices)
    return f"{{tokens: {tokens}{told}}}"


def model_lines(name: str, kind: str, context: str, abilities: Sequence[str]) -> tuple[str, ...]:
    """A model's entry up to its endpoints."""
    able = ", ".join(abilities)
    head = (f"  {json.dumps(name)}:", f"    kind: {kind}", "    owner: platform", f"    context_tokens: {context}")
    return (*head, f"    abilities: [{able}]", "    endpoints:")
