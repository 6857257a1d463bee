"""What becomes of a request after each attempt, decided on what the events carry."""
