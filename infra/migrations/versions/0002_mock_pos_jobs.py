"""The jobs of the embedded point of sale. No personal data: `job_id` leads to the service job, which has it."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("""
        create table mock_pos_jobs (
            id bigint generated always as identity (start with 10001) primary key,
            routing_id uuid not null unique,
            job_id uuid not null,
            status text not null default 'scheduled' check (status in ('scheduled', 'completed', 'canceled')),
            revenue numeric(14, 2),
            created_at timestamptz not null,
            completed_at timestamptz
        );
        create index mock_pos_jobs_completed on mock_pos_jobs (completed_at) where status = 'completed';
    """)
