"""Real parts that run from Python packages alone: Apache Kafka, PostgreSQL, a small language model, Jaeger."""
