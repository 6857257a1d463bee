"""Of which periods' limits a request holds something, with commas between them."""

from alembic import op

revision = "profiler_0004"
down_revision = "profiler_0003"


def upgrade() -> None:
    op.execute("ALTER TABLE profiler.admissions ADD COLUMN held_of text")
