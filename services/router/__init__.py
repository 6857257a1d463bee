"""Picks the cheapest eligible way to answer, and says why."""
