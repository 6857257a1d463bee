"""Jaeger 2: stores spans that come by OTLP, and gives traces back over HTTP. In memory only.

No Python package carries it, so `go.mod` pins its source and `python -m infra.local.jaeger build` builds it once.
"""

from infra.local.jaeger.build import JaegerNotBuilt, jaeger_binary
from infra.local.jaeger.server import EmbeddedJaeger

__all__ = ["EmbeddedJaeger", "JaegerNotBuilt", "jaeger_binary"]
