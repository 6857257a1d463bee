"""The outside of the gateway: its HTTP server, its clients, and what waits between them and Kafka."""
