"""The portfolio document: the one thing that an operator writes. Shapes and lookups only; reading YAML is elsewhere."""

from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from schemas.check_settings import leaves_agreement, plans_a_third, plans_threshold
from schemas.entry import Aliases, Entry, Name, Usd
from schemas.models import Model
from schemas.policies import Policy
from schemas.providers import Provider
from schemas.recall import PRIVATE, LaneCache
from schemas.references import ALWAYS_RUN, AT_TIMES, CONDITIONAL, CRITICAL_PRIORITY, SIGNALS, loose_ends
from schemas.upkeep import Upkeep
from schemas.vocabulary import Action, DataClass, Risk

Tier = Annotated[tuple[Name, ...], Field(min_length=1)]
MOST_ATTEMPTS = 10
"""The most attempts that a lane may allow a request."""
MOST_DISPATCHES = 30
"""The most times that a request is dispatched: attempts that made no call are not among those a lane allows."""
LONGEST_DEADLINE_S = 86_400
LONGEST_AFTER_DEADLINE_S = 432_000
"""How far beyond its deadline a person may answer a request at most: with that, it lives six days."""


class CheckName(StrEnum):
    """The checks that the validator knows. Those up to ``vectors`` always run where they apply.

    ``format`` is ``schema`` and ``tool_calls`` in one word; ``confidence`` is how sure the model was of its words;
    ``judge`` asks other models for grades; ``grounded`` holds arguments of tool calls
    against what was said; ``citations`` holds the answer against the request's sources, ``policy``
    against a rule pack; ``demands`` are those of the prompt's own words, and the names after it are demands on the
    text's form and on its sums.
    """

    NOT_EMPTY = "not_empty"
    NOT_CUT_OFF = "not_cut_off"
    NOT_REFUSED = "not_refused"
    FORMAT = "format"
    SCHEMA = "schema"
    TOOL_CALLS = "tool_calls"
    VECTORS = "vectors"
    CONFIDENCE = "confidence"
    AGREEMENT = "agreement"
    JUDGE = "judge"
    GROUNDED = "grounded"
    CITATIONS = "citations"
    POLICY = "policy"
    DEMANDS = "demands"
    WORDS = "words"
    SENTENCES = "sentences"
    PARAGRAPHS = "paragraphs"
    NTH_PARAGRAPH = "nth_paragraph"
    SECTIONS = "sections"
    BULLETS = "bullets"
    HIGHLIGHTS = "highlights"
    PLACEHOLDERS = "placeholders"
    CAPITAL_WORDS = "capital_words"
    OCCURRENCES = "occurrences"
    HAS_TEXTS = "has_texts"
    LACKS_WORDS = "lacks_words"
    NO_COMMAS = "no_commas"
    LOWERCASE = "lowercase"
    UPPERCASE = "uppercase"
    TITLED = "titled"
    QUOTED = "quoted"
    IS_JSON = "is_json"
    TWO_ANSWERS = "two_answers"
    POSTSCRIPT = "postscript"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    ONE_OF = "one_of"
    LANGUAGE = "language"
    ARITHMETIC = "arithmetic"


class OnUnknown(StrEnum):
    """What happens to a call that was started and whose outcome nobody knows."""

    REPEAT = "repeat"
    ESCALATE = "escalate"
    FAIL = "fail"


class OnHangUp(StrEnum):
    """What becomes of a request whose client hangs up before its answer."""

    GO_ON = "go_on"
    CANCEL = "cancel"


class StreamForm(StrEnum):
    """What a client that streams sees: an answer that was checked first, or one that is being written."""

    VERIFIED = "verified"
    LIVE = "live"


class WhenUnsure(StrEnum):
    """How a request is served whose task is not known for sure: by its lane's strongest model first."""

    STRONGEST_FIRST = "strongest_first"


class EscalationLimits(Entry):
    """How many may move up from a tier: ``most_share`` of the requests that it had in ``window_s``, or of ``least``.

    It keeps a tier that fails for everyone from taking the budget and the next tier along; 1 lifts the cap.
    """

    most_share: float = Field(default=0.8, gt=0, le=1)
    window_s: int = Field(default=10, ge=1, le=60)
    least: int = Field(default=50, ge=1)


class Defaults(Entry):
    """What holds where a request says nothing, and how many may move up from a tier (``escalation``).

    ``unsure``: how those are served of which nothing tells the task for sure; without it as all others of their lane.
    """

    data_class: DataClass
    lane: Name
    escalation: EscalationLimits = EscalationLimits()
    unsure: WhenUnsure | None = None


class Task(Entry):
    """A class of requests. ``examples`` teach the classifier; ``risk``: how much harm a wrong answer does."""

    describe: str
    examples: tuple[str, ...] = ()
    risk: Risk = Risk.LOW


USUAL_PRIORITY = 5
"""Of a lane that says none; 0 is the most urgent."""


class Bar(Entry):
    """What a lane must reach: measured, not enforced per request.

    ``compliance_risk``: of a hundred answers given, how many may be such that nothing vouches for them.
    """

    success: float | None = Field(default=None, ge=0, le=1)
    p95_ms: int | None = Field(default=None, ge=1)
    usd_per_1k_tokens: Usd | None = None
    compliance_risk: int | None = Field(default=None, ge=0, le=100)


class Reviews(Entry):
    """A person as the lane's last tier: who is asked, and within what time.

    ``after_deadline_s``: how far beyond the request's deadline that may reach; without it, never beyond. Both together
    stay below the week for which topics keep what was asked.
    """

    ask: Name
    within_s: float = Field(gt=0, le=518_400)
    after_deadline_s: float | None = Field(default=None, gt=0, le=LONGEST_AFTER_DEADLINE_S)

    @model_validator(mode="after")
    def _is_within_its_time(self) -> Self:
        if self.after_deadline_s is not None and self.after_deadline_s > self.within_s:
            least = f"raise within_s to {self.after_deadline_s:g} at least, or lower it"
            raise ValueError(f"after_deadline_s: a person has within_s, {self.within_s:g} s, in all: {least}")
        return self


def _wished(action: Action) -> Action:
    if action is Action.AGAIN:
        raise ValueError("a path is asked again only after it refused for the moment: name another action")
    if action is Action.JUDGE:
        raise ValueError("a judge is asked where the lane's checks name one: name another action")
    return action


class Mirror(Entry):
    """Another lane that is asked the same, for nobody: ``share`` of the requests whose models are asked."""

    lane: Name
    share: float = Field(gt=0, le=1)


class Lane(Entry):
    """How requests of some tasks are served. ``tiers``: models from the cheapest tier to the strongest.

    ``learns: false``: the tiers are followed in their order, whatever was learned of the models. ``explore``: the share
    of requests spent on learning more of one; a critical lane spends none. ``cache``: no answers are kept without it.
    ``patience_s``: so long after its admission no further attempt of a request begins; one that runs may go on to its
    deadline. ``stream: live``: clients that stream read an answer while it is written, before it is checked; else once
    it is checked. ``on_hang_up: cancel``: a request without an Idempotency-Key ends when its client hangs up.
    ``mirror``: some requests are asked in another lane, too, to measure it before anybody is given its answers.
    ``also_called``: other names by which clients may ask for it.
    """

    tasks: tuple[Name, ...] = ()
    tiers: tuple[Tier, ...] = Field(min_length=1)
    checks: tuple[str | dict[str, Any], ...] = ()
    on_fail: dict[str, Annotated[Action, AfterValidator(_wished)]] = Field(default_factory=dict)
    on_unknown: OnUnknown = OnUnknown.REPEAT
    repairs: int = Field(default=1, ge=0, le=3)
    priority: int = Field(default=USUAL_PRIORITY, ge=0, le=9)
    max_attempts: int = Field(default=3, ge=1, le=MOST_ATTEMPTS)
    budget_usd: Usd | None = None
    deadline_s: float = Field(default=30, gt=0, le=LONGEST_DEADLINE_S)
    patience_s: float | None = Field(default=None, gt=0, le=86_400)
    reviews: Reviews | None = None
    bar: Bar = Bar()
    learns: bool | None = None
    explore: float | None = Field(default=None, ge=0, le=0.2)
    cache: LaneCache | None = None
    stream: StreamForm | None = None
    on_hang_up: OnHangUp | None = None
    mirror: Mirror | None = None
    also_called: Aliases | None = None

    @property
    def models(self) -> tuple[str, ...]:
        """Those of all its tiers, the cheapest tier first."""
        return tuple(model for tier in self.tiers for model in tier)

    @property
    def check_names(self) -> frozenset[str]:
        """The checks that it asks for."""
        return frozenset(name for check in self.checks for name in ([check] if isinstance(check, str) else check))

    @property
    def needs_agreement(self) -> bool:
        """Whether agreement alone keeps its bar on compliance risk: no other check vouches for every answer."""
        at_times = ALWAYS_RUN | SIGNALS | CONDITIONAL | AT_TIMES
        return self.bar.compliance_risk is not None and self.check_names <= at_times | {CheckName.AGREEMENT}


class Tenant(Entry):
    """What a tenant may spend, by days and months in UTC. No number: no limit."""

    budget_usd_per_day: Usd | None = None
    budget_usd_per_month: Usd | None = None


class Client(Entry):
    """A Kafka client with a topic of its own: what it may send there, and in which lanes. No list: all."""

    data_classes: Annotated[tuple[DataClass, ...], Field(min_length=1)] | None = None
    lanes: Annotated[tuple[Name, ...], Field(min_length=1)] | None = None


def _private(data_class: DataClass) -> DataClass:
    if data_class not in PRIVATE:
        raise ValueError(f"{data_class} content is kept and shown in places where none is sealed: name {PRIVATE_NAMES}")
    return data_class


PRIVATE_NAMES = " or ".join(PRIVATE)
SealedClass = Annotated[DataClass, AfterValidator(_private)]


class Portfolio(Entry):
    """The whole document. Cross-references are checked here; what is merely unwise is said by ``portfolio check``.

    ``sealed``: the data classes whose content is encrypted under keys of its own; unless told, confidential and
    restricted where the services have keys (``SEALING_KEYS``), and none where they have not.
    """

    defaults: Defaults
    residency: dict[DataClass, tuple[str, ...]] = Field(default_factory=dict[DataClass, tuple[str, ...]])
    tasks: dict[Name, Task] = Field(default_factory=dict)
    providers: dict[Name, Provider] = Field(min_length=1)
    models: dict[Name, Model] = Field(min_length=1)
    lanes: dict[Name, Lane] = Field(min_length=1)
    tenants: dict[Name, Tenant] | None = None
    clients: dict[Name, Client] | None = None
    policies: dict[Name, Policy] | None = None
    upkeep: Upkeep | None = None
    sealed: tuple[SealedClass, ...] | None = None

    @model_validator(mode="after")
    def _refers_to_what_it_declares(self) -> Self:
        if end := next(loose_ends(self.model_dump()), None):
            raise ValueError(f"{'.'.join(map(str, end.path))}: {end.says}")
        return self

    def seals(self, data_class: DataClass | str, *, has_keys: bool) -> bool:
        """Whether content of this class is sealed: where ``sealed`` says nothing, wherever there are keys."""
        return data_class in (self.sealed if self.sealed is not None else PRIVATE if has_keys else ())

    def lane_of_task(self, task: str) -> str:
        """The lane that serves a task; the default lane when none names it."""
        return next((name for name, lane in self.lanes.items() if task in lane.tasks), self.defaults.lane)

    def is_critical(self, lane: Lane) -> bool:
        """A lane where being wrong, or silent, is dear: it has a task of high risk, or the first priority."""
        risky = any(self.tasks[task].risk is Risk.HIGH for task in lane.tasks)
        return risky or lane.priority <= CRITICAL_PRIORITY

    def is_approved(self, model: str) -> bool:
        """Whether a model is one to ask where the answer of another broke a policy."""
        found = self.models.get(model)
        return found is not None and found.policy_approved is True

    def leaves_agreement(self, lane: Lane, risk: Risk | str) -> bool:
        """Whether the router's plan may do without agreement: never where being wrong is dear."""
        return leaves_agreement(lane.checks) and risk != Risk.HIGH and not self.is_critical(lane)

    def may_lower_threshold(self, lane: Lane, risk: Risk | str) -> bool:
        """Whether the plan may accept two answers that are less alike than usual.

        Never where being wrong is dear, nor where agreement alone keeps the lane's bar on compliance risk.
        """
        dear = risk == Risk.HIGH or self.is_critical(lane) or lane.needs_agreement
        return plans_threshold(lane.checks) and not dear

    def may_settle_by_plan(self, lane: Lane, risk: Risk | str) -> bool:
        """Whether the plan may have a third model settle what two differ on: never where being wrong is dear."""
        return plans_a_third(lane.checks) and risk != Risk.HIGH and not self.is_critical(lane)

    def tenant(self, name: str) -> Tenant | None:
        """What a tenant may spend; ``None`` when nothing is said of it."""
        return (self.tenants or {}).get(name)

    def digest(self) -> str:
        """The revision's name: twelve hex digits of the canonical document."""
        return sha256(self.to_json()).hexdigest()[:12]
