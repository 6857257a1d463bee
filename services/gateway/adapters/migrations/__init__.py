"""Revisions of this service's own database schema, run by Alembic in order."""
