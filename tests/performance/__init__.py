"""Benchmarks: never part of the tests, since timings differ between machines."""
