"""The plumbing: the bus, telemetry, the store, and the embedded parts."""
