"""What asyncpg and its sockets raise when a server is away, starting, stopping, or refuses."""

import asyncpg

# `InternalClientError` is what a query meets on a session whose server said good-bye, before the connection ends.
DATABASE_ERRORS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
