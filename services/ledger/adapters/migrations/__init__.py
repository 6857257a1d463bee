"""Alembic revisions of the schema `ledger`, oldest first."""
