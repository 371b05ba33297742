"""The eventsourcing library's projection runner over its own store: what our read models are compared with."""

import time
from datetime import timedelta
from typing import Any
from urllib.parse import unquote
from uuid import UUID, uuid4

import orjson
from eventsourcing.application import Application
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.sql import SQL

from bench.projection import COMPANIES, NOW, routing_life
from domain.dispatch.routing import Routing

_TABLES = (
    """create table if not exists library_routing (id uuid primary key, job_id uuid not null, company_id uuid not null,
        status text not null, score double precision not null, skills text[] not null, features jsonb not null,
        attempts integer not null, external_id text, created_at timestamptz not null, synced_at timestamptz)""",
    "create index if not exists library_routing_company on library_routing (company_id, created_at)",
    "create table if not exists library_company (id uuid primary key, routings integer not null)",
)
_CREATED = """insert into library_routing values
    (%(id)s, %(job_id)s, %(company_id)s, 'pending', %(score)s, %(skills)s, %(features)s, 0, null, %(at)s, null)"""
_COUNTED = """insert into library_company values (%(company_id)s, 1)
    on conflict (id) do update set routings = library_company.routings + 1"""
_CLAIMED = "update library_routing set status = 'processing', attempts = %(attempt)s where id = %(id)s"
_SYNCED = (
    "update library_routing set status = 'synced', external_id = %(external_id)s, synced_at = %(at)s where id = %(id)s"
)


class Dispatch(Application[UUID]):
    """Routings in the library's own store."""

    def fill(self, events: int) -> int:
        """A third each of routings created, claimed and synced, in the order of our log; the number of events."""
        payload: dict[str, Any] = routing_life()["RoutingCreated"]
        for _ in range(0, events, 900):
            companies = [COMPANIES[number % len(COMPANIES)] for number in range(300)]
            lives = [Routing(id=uuid4(), timestamp=NOW, **payload | {"company_id": company}) for company in companies]
            self.save(*lives)
            for life in lives:
                life.claim("w", timedelta(seconds=45), NOW)
            self.save(*lives)
            for life in lives:
                life.record_sync("st-1", NOW)
            self.save(*lives)
        return -(-events // 900) * 900


class Rows(PostgresTrackingRecorder):
    """The same tables as ours; rows and the position of an event in one transaction."""

    def __init__(self, datastore: PostgresDatastore, **names: Any) -> None:
        super().__init__(datastore, **names)
        self.sql_create_statements.extend(SQL(table).format() for table in _TABLES)

    def write(self, tracking: Tracking, values: dict[str, Any], *statements: str) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            for statement in statements:
                cursor.execute(statement, values, prepare=True)


class Routings(Projection[Rows]):
    """An event at a time: that is how the runner hands them on."""

    def process_event(self, domain_event: DomainEventProtocol[UUID], tracking: Tracking) -> None:
        told: Any = domain_event
        values = {"id": told.originator_id, "at": told.timestamp}
        match type(told).__name__:
            case "RoutingCreated":
                facts = {"score": told.matching_score, "features": orjson.dumps(told.features).decode()}
                facts |= {"job_id": told.job_id, "company_id": told.company_id, "skills": list(told.matched_skills)}
                self.view.write(tracking, values | facts, _CREATED, _COUNTED)
            case "RoutingClaimed":
                self.view.write(tracking, values | {"attempt": told.attempt}, _CLAIMED)
            case "RoutingSynced":
                self.view.write(tracking, values | {"external_id": told.external_id}, _SYNCED)


def rate(dsn: str, events: int) -> float:
    """Events/s of so many new events, to the last of them. It may be asked again: the runner goes on where it was."""
    environment = {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": "postgres",
        "POSTGRES_HOST": unquote(dsn.split("host=")[1]),
        "POSTGRES_PORT": "5432",
        "POSTGRES_USER": "postgres",
        "POSTGRES_PASSWORD": "",
    }
    application = Dispatch(environment)
    count = application.fill(events)
    last = application.recorder.max_notification_id()
    application.close()
    began = time.perf_counter()
    with ProjectionRunner(
        application_class=Dispatch, projection_class=Routings, view_class=Rows, env=environment
    ) as runner:
        runner.wait(last, timeout=600)
        return count / (time.perf_counter() - began)
