"""Services that stop and start: what waits is served, and a whole history delivered again changes nothing."""

from pipeline.consumer_groups import Groups
from pipeline.kafka_log import ENDS
from pipeline.scripts import NUMBER_SCHEMA, RIGHT, WRONG, fails, says
from pipeline.stack import Pipeline
from pipeline.waiting import until


def test_what_was_asked_while_nothing_ran_is_answered_afterwards(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("Seven.")] * 8})
    with pipeline.services.stopped():
        request_ids = [pipeline.submit(script.request()) for _ in range(8)]
    assert {pipeline.completed(request_id).model for request_id in request_ids} == {"small"}


def test_a_log_that_every_service_reads_again_changes_nothing(pipeline: Pipeline) -> None:
    straight = pipeline.scripts.expect({"acme-small": [says("Seven.")]})
    winding = pipeline.scripts.expect({"acme-small": [fails(503)], "backup-small": [says(WRONG), says(RIGHT)]})
    asked = [
        straight.request(),
        winding.request(response_format=NUMBER_SCHEMA),
        straight.request(lane="abroad", data_class="restricted"),
        straight.request(lane="simpel"),
    ]
    request_ids = [pipeline.submit(request) for request in asked]
    pipeline.submit({**asked[0], "request_id": str(request_ids[0])})
    ends = {request_id: pipeline.log.end_of(request_id) for request_id in request_ids}
    stories = {request_id: pipeline.ledger.story(request_id) for request_id in request_ids}

    groups = Groups(pipeline.bootstrap, pipeline.prefix)
    until(lambda: not groups.behind(), "all that was said is heard")
    with pipeline.services.stopped():
        groups.rewind()
        assert groups.behind(), "there is much to read again"
    until(lambda: not groups.behind(), "everything is heard again")

    assert straight.models() == ["acme-small"]
    assert winding.models() == ["acme-small", "backup-small", "backup-small"]
    pipeline.log.until(
        lambda: all(len(pipeline.log.of(each, *ENDS)) > 1 for each in request_ids),
        "each end said again, by who had said it",
    )
    for request_id in request_ids:
        again = pipeline.ends(request_id)
        assert {record.header("ce_id") for record in again} == {ends[request_id].header("ce_id")}
        assert pipeline.ledger.story(request_id) == stories[request_id]
    after = pipeline.scripts.expect({"acme-small": [says("Served.")]})
    assert pipeline.completed(pipeline.submit(after.request())).attempts == 1
