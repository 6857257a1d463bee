"""What is wrong with a set-up, and how to mend it: judged from what was found, part by part."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from schemas.portfolio import Portfolio
from schemas.variables import variables_of

MOST_SKEW_S = 1.0
NOT_SEALED = "SEALING_KEYS can be read; nothing that is sealed is kept yet"


class Health(StrEnum):
    """How a part is: well, well with a word of advice, or not well."""

    GOOD = "good"
    ADVICE = "advice"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Symptom:
    """What was found of one part; ``remedy`` is a command or a sentence."""

    part: str
    health: Health
    says: str
    remedy: str = ""


def good(part: str, says: str) -> Symptom:
    """What is said of a part that is well."""
    return Symptom(part, Health.GOOD, says)


def of_topics(missing: Sequence[str]) -> Symptom:
    """Topics that the registry asks for and the cluster lacks."""
    if not missing:
        return good("topics", "all are there, with the partitions that they need")
    says = f"{len(missing)} are missing: {', '.join(missing[:3])}{', ...' if len(missing) > 3 else ''}"
    return Symptom("topics", Health.BAD, says, "portfolio topics create")


def of_settings(wrong: Sequence[str], others: int) -> Symptom:
    """Settings of topics by which something that is promised does not hold; and how many differ besides."""
    part, remedy = "topic settings", "portfolio topics plan says each, with the command that mends it"
    if wrong:
        more = f"; and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        return Symptom(part, Health.BAD, f"{wrong[0]}{more}", remedy)
    if others:
        return Symptom(part, Health.ADVICE, f"{others} topics are kept for another time than as made", remedy)
    return good(part, "copies, those in step, the broker's time, size and policy are as they should be")


def unread_settings(says: str) -> Symptom:
    """Settings of topics that nobody let us read."""
    return Symptom("topic settings", Health.ADVICE, says, "portfolio topics acls")


def of_portfolio(revision: str | None, advice: Sequence[str]) -> Symptom:
    """The portfolio in force, and what is unwise in it."""
    if revision is None:
        return Symptom("portfolio", Health.BAD, "none is in force", "portfolio apply portfolio.yaml")
    if advice:
        things = "1 thing in it is" if len(advice) == 1 else f"{len(advice)} things in it are"
        says = f"{revision} is in force; {things} unwise, first: {advice[0]}"
        return Symptom("portfolio", Health.ADVICE, says, "portfolio check FILE says all")
    return good("portfolio", f"{revision} is in force")


def of_keys(portfolio: Portfolio, there: Collection[str]) -> Symptom:
    """Variables that the portfolio names, against the names of those that are set; values are never looked at."""
    named = set[str]().union(*map(variables_of, portfolio.providers.values()))
    missing = sorted(named - set(there))
    if not missing:
        return good("keys", "every variable that the portfolio names is set here")
    says = f"not set in this environment: {', '.join(missing)}"
    return Symptom("keys", Health.ADVICE, says, "set them where the provider's worker runs, and start it again")


DECIDING = ("profiler", "router", "validator", "escalation")
ON_THE_ROAD = (*DECIDING, "ledger")
"""Services that read in a group: without one that decides no request ends but by its deadline."""


def of_services(members: Mapping[str, int]) -> Symptom:
    """Services of which no process reads."""
    missing = [service for service in ON_THE_ROAD if not members.get(service)]
    if not missing:
        return good("services", "each has a process that reads")
    remedy = f"python -m services.{missing[0]}, and look into its log"
    return Symptom("services", Health.BAD, f"nobody reads for {', '.join(missing)}", remedy)


def unread_services(why: str) -> Symptom:
    """Where the console may not ask."""
    return Symptom("services", Health.ADVICE, why, "allow the console to describe the services' groups")


def of_workers(providers: Iterable[str], ready: Collection[str]) -> Symptom:
    """Providers of the portfolio in force without a live worker."""
    without = sorted(set(providers) - set(ready))
    if not without:
        return good("workers", "every provider has one that is ready")
    remedy = f"MODEL_WORKER_PROVIDER={without[0]} python -m services.model_worker"
    return Symptom("workers", Health.BAD, f"no worker is ready for {', '.join(without)}", remedy)


def together(found: Iterable[Symptom]) -> list[Symptom]:
    """What one part's fault means for others: a worker that is there claims its attempts in the database."""
    listed = list(found)
    is_stuck = any(each.part == "database" and each.health is Health.BAD for each in listed)
    return [_stuck(each) if is_stuck and each.part == "workers" else each for each in listed]


def _stuck(workers: Symptom) -> Symptom:
    if workers.health is not Health.GOOD:
        return workers
    return replace(workers, health=Health.ADVICE, says=f"{workers.says}, and none can work without the database")


def of_letters(services: Iterable[str]) -> Symptom:
    """The services of the dead letters that wait."""
    waiting = Counter(services)
    if not waiting:
        return good("dead letters", "none waits")
    says = ", ".join(f"{count} of {service}" for service, count in sorted(waiting.items()))
    return Symptom("dead letters", Health.ADVICE, f"{says} wait", "portfolio dead-letters list")


def of_schemas(owners: Iterable[str], migrated: Collection[str]) -> Symptom:
    """Services that have a schema of their own, and which of them is not in the database."""
    missing = [service for service in owners if service not in migrated]
    if not missing:
        return good("database", "it answers, and has the schema of every service")
    says = f"it lacks the schema of {', '.join(missing)}"
    return Symptom("database", Health.BAD, says, "start these services: each makes its own")


def of_sealing(looked_at: int, opened: int, *, has_keys: bool) -> Symptom:
    """Data keys in the object store that were tried, and how many of them the keys that are set here open."""
    if not has_keys:
        kept = ", and sealed content is kept: nobody can read it from here" if looked_at else ": nothing is sealed here"
        remedy = "set it as the services have it (docs/security.md)"
        return Symptom("sealing", Health.ADVICE, f"SEALING_KEYS is not set{kept}", remedy)
    if opened == looked_at:
        return good(
            "sealing", f"SEALING_KEYS opens all of {looked_at} data keys looked at" if looked_at else NOT_SEALED
        )
    says = f"SEALING_KEYS opens {opened} of {looked_at} data keys looked at, of the newest days"
    return Symptom("sealing", Health.BAD, says, "give back the keys that sealed the others, beside the newer ones")


def of_clock(skew_s: float) -> Symptom:
    """How far this machine's clock is before the database's."""
    if abs(skew_s) <= MOST_SKEW_S:
        return good("clock", "as the database's, within a second")
    says = f"{abs(skew_s):.1f} s {'before' if skew_s > 0 else 'behind'} the database's"
    return Symptom("clock", Health.BAD, says, "let both machines follow one time server (NTP)")
