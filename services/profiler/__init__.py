"""Admits requests, once each, and says what the task really asks."""
