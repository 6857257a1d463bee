"""The figures of services, out of Prometheus's text format."""

from services.console.domain.exposition import figures, providers, rated

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


def test_events_a_second_are_told_of_who_was_there_before_and_went_on() -> None:
    worker, router = told = figures(TEXT + 'portfolio_events_heard_total{service="router",topic="a"} 30.0')
    rated(told, {"router": 20}, 4.0)
    assert (router.per_second, worker.per_second) == (2.5, None)
    rated(told, {"router": 31}, 4.0)
    assert router.per_second is None, "it started anew"


def test_a_provider_is_told_by_router_and_workers_together() -> None:
    router = """\
portfolio_provider_ready{provider="acme",service="router"} 1.0
portfolio_provider_ready{provider="gone",service="router"} 0.0
portfolio_breaker_state{path="large@acme",service="router",state="open"} 1.0
portfolio_breaker_state{path="large@acme",service="router",state="closed"} 0.0
portfolio_breaker_state{path="small@acme",service="router",state="closed"} 1.0
"""
    worker = """\
portfolio_calls_running{provider="acme",service="model_worker"} 2.0
portfolio_calls_limited{provider="acme",service="model_worker"} 1.0
portfolio_attempts_total{outcome="completed",provider="acme",service="model_worker"} 7.0
portfolio_attempts_total{outcome="timeout",provider="acme",service="model_worker"} 3.0
portfolio_events_heard_total{provider="other",service="model_worker"} 3.0
"""
    acme, gone = providers([router, worker, router])
    assert (acme.ready, acme.running, acme.limited, acme.completed) == (True, 2, 1, 7)
    assert (acme.failed, acme.set_aside) == ({"timeout": 3}, ["large@acme is open"])
    assert (gone.provider, gone.ready) == ("gone", False)
