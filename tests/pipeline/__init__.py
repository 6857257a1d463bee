"""Requests through all services in one process, over real Kafka and real PostgreSQL, with providers that are scripted."""
