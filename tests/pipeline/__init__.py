"""Requests through all services in one process, over real Kafka and PostgreSQL, with scripted providers."""
