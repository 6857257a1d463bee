"""Alembic revisions of the schema ``model_worker``."""
