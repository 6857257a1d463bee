"""Content that is too large for a Kafka message: kept in an object store, and referred to."""
