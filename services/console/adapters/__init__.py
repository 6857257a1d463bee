"""What the console talks to: Kafka, the ledger, Jaeger, files and the terminal."""
