"""Query parameters of every list."""

from typing import Annotated

from fastapi import Query

Skip = Annotated[int, Query(ge=0, le=1_000_000, description="Number of records to skip")]
Limit = Annotated[int, Query(ge=1, le=1000, description="Maximum number of records to return")]
