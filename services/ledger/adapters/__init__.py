"""The ledger in PostgreSQL: its tables, how they are written, and how they are read."""
