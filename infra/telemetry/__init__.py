"""One request is one trace: the tracer of a service, and trace context in headers."""
