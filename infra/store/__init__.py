"""PostgreSQL: the pool, the retry rules, batched tables and migrations."""
