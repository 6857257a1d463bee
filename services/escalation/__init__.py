"""Owns each request's life: decides what comes next, ends it once, and keeps its deadlines."""
