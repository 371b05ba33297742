"""What each context's read models can be asked, together."""

from dataclasses import dataclass
from typing import Self

from infra.database import Pool
from projections.applications.parts_queries import FollowUps, Interviews, Notes, Offers
from projections.applications.queries import Jobs
from projections.applications.statistics import Statistics


@dataclass(frozen=True, slots=True)
class ApplicationQueries:
    """Of jobs and their applications."""

    jobs: Jobs
    interviews: Interviews
    offers: Offers
    notes: Notes
    follow_ups: FollowUps
    statistics: Statistics

    @classmethod
    def over(cls, pool: Pool) -> Self:
        return cls(Jobs(pool), Interviews(pool), Offers(pool), Notes(pool), FollowUps(pool), Statistics(pool))
