"""What tenants have spent and hold of a day and of a month, and what each request holds."""

from alembic import op

revision = "profiler_0002"
down_revision = "profiler_0001"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE profiler.admissions
            ADD COLUMN outcome text,
            ADD COLUMN held_micro_usd bigint,
            ADD COLUMN held_on date
        """
    )
    op.execute("CREATE INDEX admissions_held ON profiler.admissions (admitted_at) WHERE held_micro_usd IS NOT NULL")
    op.execute(
        """
        CREATE TABLE profiler.spending (
            tenant          text NOT NULL,
            period          text NOT NULL,
            begins          date NOT NULL,
            held_micro_usd  bigint NOT NULL DEFAULT 0,
            spent_micro_usd bigint NOT NULL DEFAULT 0,
            PRIMARY KEY (tenant, period, begins)
        ) WITH (fillfactor = 50)
        """
    )
