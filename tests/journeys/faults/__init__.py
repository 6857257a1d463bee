"""Faults of our own parts, injected while requests are in flight, and four books reconciled: ``make chaos``."""
