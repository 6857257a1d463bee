"""A lane that is mirrored: the other lane is measured on the same questions, and nobody is given its answers."""

from pipeline.document import COSTS
from pipeline.scripts import says
from pipeline.stack import Pipeline
from schemas.ids import mirror_id_of


def test_the_other_lane_is_asked_too_and_answers_nobody(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("Seven.")], "acme-middle": [says("Eight.")]})
    request = script.request(lane="mirrored")
    request_id = pipeline.submit(request)
    end = pipeline.completed(request_id)
    assert (end.model, end.lane, end.answer["message"]["content"]) == ("small", "mirrored", "Seven.")

    story = pipeline.ledger.story(mirror_id_of(request_id))

    told = {name: story["request"][name] for name in ("state", "lane", "tenant", "model", "cost_micro_usd")}
    cost = {"cost_micro_usd": COSTS["acme-middle"]}
    assert told == {"state": "completed", "lane": "alone", "tenant": "mirror", "model": "middle", **cost}
    assert story["request"]["profile_why"].startswith(f"mirror of {request_id}: ")
    first = pipeline.ledger.story(request_id)["request"]
    assert (first["cost_micro_usd"], first["trace_id"]) == (COSTS["acme-small"], story["request"]["trace_id"])

    pipeline.submit({**request, "request_id": str(request_id)})
    pipeline.pass_through_the_same_partitions(request_id)
    assert sorted(script.models()) == ["acme-middle", "acme-small"], "sent again, nobody is asked again"
    assert [len(pipeline.ends(each)) for each in (request_id, mirror_id_of(request_id))] == [1, 1]
