"""Whom spans and metrics are of; the SDK adds ``service.instance.id``, one a process."""

from opentelemetry.sdk.resources import Resource

NAMESPACE = "model-portfolio"


def resource_of(service: str, **other: str) -> Resource:
    """``service`` becomes ``service.name``; ``OTEL_RESOURCE_ATTRIBUTES`` add to it."""
    return Resource.create({"service.name": service, "service.namespace": NAMESPACE, **other})
