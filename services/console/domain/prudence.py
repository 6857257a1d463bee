"""What a valid portfolio does that is unwise. Nothing here stops it from being applied."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from schemas.check_settings import judging_of
from schemas.models import ABILITIES, SERVING, Lifecycle, Model, Price
from schemas.portfolio import CRITICAL_PRIORITY, CheckName, Lane, Portfolio, StreamForm
from schemas.providers import AdapterKind, Provider
from schemas.recall import PRIVATE
from schemas.vocabulary import EMBEDDINGS, Action, Risk
from services.console.domain.agreeing import on_agreement
from services.console.domain.clouds import on_clouds
from services.console.domain.findings import Advice, nearest
from services.console.domain.mirrors import on_mirrors
from services.console.domain.weights import on_weights

RETIREMENT_NOTICE = timedelta(days=90)
VENDORS_OF_A_CRITICAL_LANE = 2
OUTPUT_SHARE = Decimal("0.25")


def advice(portfolio: Portfolio, today: date) -> list[Advice]:
    """All that is unwise. ``today`` decides which retirements are near."""
    found = [*_on_residency(portfolio), *_on_idle_entries(portfolio), *_on_tasks(portfolio), *_on_abilities(portfolio)]
    found += _on_clients(portfolio)
    found += on_mirrors(portfolio)
    found += on_weights(portfolio)
    found += on_clouds(portfolio)
    for name, lane in portfolio.lanes.items():
        found += _on_paths(portfolio, name, lane)
        found += _on_order(portfolio, name, lane)
        found += _on_limits(name, lane)
        found += _on_learning(portfolio, name, lane)
        found += _on_people(name, lane)
        found += _on_approved(portfolio, name, lane)
        found += _on_cache(portfolio, name, lane)
        found += on_agreement(portfolio, name, lane)
        found += _on_judge(portfolio, name, lane)
        found += _on_confidence(portfolio, name, lane)
        found += _on_stream(portfolio, name, lane)
        found += _on_retirement(portfolio, name, lane, today)
        found += _on_vectors(portfolio, name, lane)
    return found


def usd_per_million_tokens(price: Price) -> Decimal | None:
    """What a million tokens cost when one of four is written by the model; ``None`` when the price does not say."""
    if price.input is not None and price.output is not None:
        return price.input * (1 - OUTPUT_SHARE) + price.output * OUTPUT_SHARE
    if price.usd_per_hour is not None and price.tokens_per_s:
        return price.usd_per_hour / (Decimal(str(price.tokens_per_s)) * 3600) * 1_000_000
    return None


def on_sealing(portfolio: Portfolio, *, has_keys: bool) -> list[Advice]:
    """What the portfolio means to be sealed, where there are no keys: those are no part of the document."""
    wanted = " and ".join(portfolio.sealed or ())
    if has_keys or portfolio.sealed == ():
        return []
    if wanted:
        says = f"SEALING_KEYS is not set here: services without it serve no {wanted} requests"
        return [Advice(("sealed",), says)]
    if portfolio.defaults.data_class not in PRIVATE and not set(PRIVATE) & set(portfolio.residency):
        return []
    says = "confidential content is not sealed, as SEALING_KEYS is not set here: set it, or say sealed: []"
    return [Advice(("defaults", "data_class"), says)]


def _on_residency(portfolio: Portfolio) -> Iterator[Advice]:
    regions = {provider.region for provider in portfolio.providers.values() if provider.region}
    for data_class in PRIVATE:
        if data_class not in portfolio.residency:
            yield Advice(("residency",), f"no residency for {data_class} data: it may go to any region")
    for data_class, allowed in portfolio.residency.items():
        if not regions & set(allowed):
            says = f"no provider is in {' or '.join(allowed) or 'any region'}: {data_class} requests cannot be served"
            yield Advice(("residency", data_class.value), says)


def _on_idle_entries(portfolio: Portfolio) -> Iterator[Advice]:
    lanes = portfolio.lanes.values()
    used = {model for lane in lanes for model in (*_judges(lane), *lane.models)}
    called = {end.provider for name in used for end in portfolio.models[name].endpoints}
    for name, model in portfolio.models.items():
        if name not in used and model.lifecycle is Lifecycle.ACTIVE:
            yield Advice(("models", name), "no lane has it in a tier, or as a judge: nothing is sent to it")
    for name in portfolio.providers:
        if name not in called:
            yield Advice(("providers", name), "no model of any lane is called there: its worker will stand idle")


def _on_tasks(portfolio: Portfolio) -> Iterator[Advice]:
    at_home = {task for lane in portfolio.lanes.values() for task in lane.tasks}
    default = portfolio.defaults.lane
    for name, task in portfolio.tasks.items():
        if name in at_home:
            continue
        risk = " though its risk is high" if task.risk is Risk.HIGH else ""
        yield Advice(("tasks", name), f'no lane names it: it goes to the default lane "{default}"{risk}')


def _on_abilities(portfolio: Portfolio) -> Iterator[Advice]:
    for name, model in portfolio.models.items():
        for index, ability in enumerate(model.abilities):
            if ability not in ABILITIES:
                says = f'no request needs the ability "{ability}"{nearest(ability, ABILITIES)}'
                yield Advice(("models", name, "abilities", index), says)


def _on_clients(portfolio: Portfolio) -> Iterator[Advice]:
    default = portfolio.defaults.data_class
    for name, client in (portfolio.clients or {}).items():
        if client.data_classes is not None and default not in client.data_classes:
            says = f"it may not send {default} data, the default class: its requests must each name a data_class"
            yield Advice(("clients", name, "data_classes"), says)


def _on_paths(portfolio: Portfolio, name: str, lane: Lane) -> Iterator[Advice]:
    """Two paths are two vendors: two models of one vendor fall together."""
    vendors = vendors_of(portfolio, lane)
    data_class = portfolio.defaults.data_class
    at = ("lanes", name, "tiers")
    if not vendors:
        yield Advice(at, f"no active model may see {data_class} data, the default class: such requests will fail")
    elif portfolio.is_critical(lane) and len(vendors) < VENDORS_OF_A_CRITICAL_LANE:
        only = next(iter(vendors))
        yield Advice(at, f'a critical lane whose every path ends at one vendor, "{only}": add a model of another')


def vendors_of(portfolio: Portfolio, lane: Lane) -> set[str]:
    """Who serves a lane with data of the default class."""
    return {_vendor(provider, entry) for _, provider, entry in _viable_paths(portfolio, lane)}


def _viable_paths(portfolio: Portfolio, lane: Lane) -> Iterator[tuple[Model, str, Provider]]:
    """Model, provider and its entry, for what may be called with data of the default class."""
    allowed = portfolio.residency.get(portfolio.defaults.data_class)
    for model in (portfolio.models[name] for name in lane.models):
        for endpoint in model.endpoints:
            provider = portfolio.providers[endpoint.provider]
            if model.lifecycle in SERVING and (allowed is None or provider.region in allowed):
                yield model, endpoint.provider, provider


def _vendor(name: str, provider: Provider) -> str:
    return provider.vendor or name


def _on_order(portfolio: Portfolio, name: str, lane: Lane) -> Iterator[Advice]:
    if lane.learns is False:  # its order is kept on purpose
        return
    costs = [_cost_of(portfolio, tier) for tier in lane.tiers]
    for number in range(1, len(costs)):
        now = costs[number]
        dearer = next((earlier for earlier in costs[:number] if earlier and now and now < earlier), None)
        if now and dearer:
            says = f"tier {number + 1} costs ${now:.3g} a million tokens, an earlier one ${dearer:.3g}: swap them?"
            yield Advice(("lanes", name, "tiers", number), says)


def _cost_of(portfolio: Portfolio, tier: tuple[str, ...]) -> Decimal | None:
    """The cheapest way for a chat through a tier."""
    chatting = [portfolio.models[model] for model in tier if "chat" in portfolio.models[model].abilities]
    prices = [endpoint.price for model in chatting for endpoint in model.endpoints]
    costs = [cost for price in prices if price and (cost := usd_per_million_tokens(price)) is not None]
    return min(costs, default=None)


def _on_confidence(portfolio: Portfolio, name: str, lane: Lane) -> Iterator[Advice]:
    """A check that can never be made: no model of the lane is asked how sure it is."""
    can_tell = any("logprobs" in portfolio.models[model].abilities for model in lane.models)
    if CheckName.CONFIDENCE in lane.check_names and not can_tell:
        says = "confidence cannot be told: no model of the lane has logprobs among its abilities"
        yield Advice(("lanes", name, "checks"), says)


def _on_limits(name: str, lane: Lane) -> Iterator[Advice]:
    if lane.max_attempts < len(lane.tiers):
        says = f"{lane.max_attempts} attempts cannot reach tier {len(lane.tiers)}: raise max_attempts, or drop a tier"
        yield Advice(("lanes", name, "max_attempts"), says)
    if lane.patience_s is not None and lane.patience_s >= lane.deadline_s:
        says = f"a patience that is no shorter than the lane's deadline of {lane.deadline_s:g} s ends nothing"
        yield Advice(("lanes", name, "patience_s"), says)


def _on_learning(portfolio: Portfolio, name: str, lane: Lane) -> Iterator[Advice]:
    if lane.explore and (lane.learns is False or portfolio.is_critical(lane)):
        why = "learns nothing" if lane.learns is False else "is critical"
        yield Advice(("lanes", name, "explore"), f"nothing is explored in a lane that {why}")


def _on_people(name: str, lane: Lane) -> Iterator[Advice]:
    """A wish for a person where the lane names none, and one who is given less time than the lane says."""
    if lane.reviews and lane.reviews.within_s > (most_s := lane.deadline_s + (lane.reviews.after_deadline_s or 0)):
        until = "and after_deadline_s" if lane.reviews.after_deadline_s else "(after_deadline_s would give him more)"
        says = f"a person is given {most_s:g} s at most: the lane's deadline_s {until}"
        yield Advice(("lanes", name, "reviews", "within_s"), says)
    for wish, action in lane.on_fail.items():
        if action is Action.HUMAN and lane.reviews is None:
            says = "no person is named: without `reviews: {ask, within_s}` in the lane the usual action is taken"
            yield Advice(("lanes", name, "on_fail", wish), says)


def _on_approved(portfolio: Portfolio, name: str, lane: Lane) -> Iterator[Advice]:
    """A wish for an approved model where the lane has none; and one that is approved, where no policy is checked."""
    approved = [model for model in lane.models if portfolio.is_approved(model)]
    for wish, action in lane.on_fail.items():
        if action is Action.APPROVED and not approved:
            says = "no model of its tiers is policy_approved: the usual action is taken"
            yield Advice(("lanes", name, "on_fail", wish), says)
    if CheckName.POLICY in lane.check_names and not approved and any(map(portfolio.is_approved, portfolio.models)):
        says = "no model of its tiers is policy_approved, though another is: what breaks the policy is not sent there"
        yield Advice(("lanes", name, "tiers"), says)


def _on_cache(portfolio: Portfolio, name: str, lane: Lane) -> Iterator[Advice]:
    default = portfolio.defaults.data_class
    if lane.cache is not None and default not in lane.cache.data_classes:
        says = f"nothing is kept of {default} requests, the default class: only of those that name another data_class"
        yield Advice(("lanes", name, "cache"), says)


def _on_stream(portfolio: Portfolio, name: str, lane: Lane) -> Iterator[Advice]:
    """A live stream shows what is not checked yet: where most answers fail late, or none is written bit by bit."""
    if lane.stream is not StreamForm.LIVE:
        return
    at = ("lanes", name, "stream")
    if lane.priority <= CRITICAL_PRIORITY:
        yield Advice(at, "a critical lane shows answers before they are checked: leave stream out")
    providers = {end.provider for model in lane.models for end in portfolio.models[model].endpoints}
    if all(portfolio.providers[provider].adapter is AdapterKind.REPLAY for provider in providers):
        yield Advice(at, "recorded answers come whole: nothing of them can be seen before they are checked")


def _on_judge(portfolio: Portfolio, name: str, lane: Lane) -> Iterator[Advice]:
    """A judge of its own answers is a weak one, and one that serves no more is none."""
    for index, check in enumerate(lane.checks):
        if isinstance(check, dict) and CheckName.JUDGE in check:
            at = ("lanes", name, "checks", index, CheckName.JUDGE.value)
            serving = {model for model in _judges(lane) if portfolio.models[model].lifecycle in SERVING}
            if not serving:
                yield Advice(at, "none of these models serves any more: every answer will stay in doubt")
            elif len(serving) == 1 and serving <= set(lane.models):
                yield Advice(at, "this model would judge its own answers: ask another one, too")


def _judges(lane: Lane) -> tuple[str, ...]:
    judging = judging_of(lane.checks)
    return judging.ask if judging else ()


def _on_retirement(portfolio: Portfolio, name: str, lane: Lane, today: date) -> Iterator[Advice]:
    for number, tier in enumerate(lane.tiers):
        staying = [model for model in tier if not _leaves(portfolio.models[model], today)]
        for index, model in enumerate(tier):
            if not staying and _leaves(portfolio.models[model], today):
                yield Advice(
                    ("lanes", name, "tiers", number, index), _of_leaving(model, portfolio.models[model], today)
                )


def _on_vectors(portfolio: Portfolio, name: str, lane: Lane) -> Iterator[Advice]:
    """A lane gives the vectors of one model: those of two cannot be compared."""
    found = [
        (model, ("lanes", name, "tiers", number, index))
        for number, tier in enumerate(lane.tiers)
        for index, model in enumerate(tier)
        if EMBEDDINGS in portfolio.models[model].abilities and portfolio.models[model].lifecycle in SERVING
    ]
    for model, at in found[1:]:
        yield Advice(at, f'embeddings of this lane are those of "{found[0][0]}": "{model}" embeds only by its name')


def _leaves(model: Model, today: date) -> bool:
    near = model.retires is not None and model.retires <= today + RETIREMENT_NOTICE
    return near or model.lifecycle is Lifecycle.RETIRED


def _of_leaving(name: str, model: Model, today: date) -> str:
    if model.lifecycle is Lifecycle.RETIRED or model.retires is None:
        return f'"{name}" is retired, and nothing else is in this tier'
    days = (model.retires - today).days
    when = f"retires in {days} days" if days >= 0 else f"was to retire {-days} days ago"
    return f'"{name}" {when}, and this tier has no successor: add one beside it'
