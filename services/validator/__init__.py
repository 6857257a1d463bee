"""Checks answers against objective signals, and says what it cannot check."""
