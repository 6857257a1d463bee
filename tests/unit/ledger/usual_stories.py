"""Stories of whole requests that several tests tell."""

from .ledger_story import PATHS, Log, Story


def moved_up(story: Story) -> Log:
    """Rejected by a check, then answered by the tier above."""
    small, large = PATHS
    log = Log(now=story.admitted_at)
    for event in (
        story.profiled(),
        story.dispatched(1, small),
        story.completed(1, small, cost=50),
        story.rejected(1, small),
        story.escalated(2),
        story.dispatched(2, large),
        story.completed(2, large, cost=700, latency_ms=900),
        story.accepted(2, large),
        story.ended_well(cost_usd="0.00075", path=large, latency_ms=1_300),
    ):
        log.say(event)
    return log
