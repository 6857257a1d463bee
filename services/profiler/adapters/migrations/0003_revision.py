"""By which revision of the portfolio a request was let in."""

from alembic import op

revision = "profiler_0003"
down_revision = "profiler_0002"


def upgrade() -> None:
    op.execute("ALTER TABLE profiler.admissions ADD COLUMN revision text")
