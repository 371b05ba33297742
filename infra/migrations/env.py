"""Run by Alembic, which only writes the SQL: `migrate` executes it, on the connection that holds the lock."""

from alembic import context

context.configure(dialect_name="postgresql")
context.run_migrations()
