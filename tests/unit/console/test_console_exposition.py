"""The figures of services, out of Prometheus's text format."""

from services.console.domain.exposition import figures

TEXT = """\
# HELP portfolio_consumer_lag_events x
portfolio_started{service="router"} 1.0
portfolio_consumer_lag_events{service="router",topic="a"} 3.0
portfolio_consumer_lag_events{service="router",topic="b"} 4.0
portfolio_calls_running{provider="acme",service="model_worker"} 2.0
process_cpu_seconds_total 3.0
portfolio_batch_events_bucket{le="1.0",service="router"} 9.0
not a line
"""


def test_topics_are_added_up_by_service_and_provider() -> None:
    worker, router = figures(TEXT)
    assert (worker.service, worker.calls) == ("model_worker.acme", 2)
    assert (router.service, router.started, router.lag, router.heard) == ("router", 1, 7, 0)
