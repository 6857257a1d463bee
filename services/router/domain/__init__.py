"""Which model answers, decided on frozen facts."""
