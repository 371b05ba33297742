
create table events (
    position bigint primary key,
    stream_id uuid not null,
    version integer not null check (version > 0),
    category text not null,
    type text not null,
    event_id uuid not null,
    owner uuid not null,
    data bytea not null,
    metadata jsonb not null,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    command_id uuid,           -- on the first event of an append only
    command_last bigint,       -- beside it: position of the append's last event
    unique (stream_id, version)
);

create unique index events_command_id on events (command_id) where command_id is not null;
-- `data` is Avro, mostly short and often encrypted: compressing it costs time and gains nothing.
alter table events alter column data set storage external;
comment on table events is 'The truth and the outbox. position: gapless, in commit order; written by append_events only';

create table store_epoch (
    only_row boolean primary key default true check (only_row),
    epoch uuid not null,
    began_at timestamptz not null default clock_timestamp()
);
insert into store_epoch (epoch) values (gen_random_uuid());

create table idempotency_keys (
    key uuid primary key,
    body_hash bytea not null,
    result text not null,
    first_position bigint not null,
    last_position bigint not null,
    expires_at timestamptz not null
);

create index idempotency_keys_expires_at on idempotency_keys (expires_at);

create table subject_keys (
    subject uuid primary key,
    wrapped bytea,
    created_at timestamptz not null,
    erased_at timestamptz,
    check ((wrapped is null) = (erased_at is not null))
);

create table snapshots (
    stream_id uuid primary key,
    version integer not null,
    topic text not null,
    state bytea not null
);

create table agent_checkpoints (
    agent text not null,
    feed text not null,
    partition integer not null,
    position bigint not null,
    next_offset bigint not null,
    primary key (agent, feed, partition)
);

create table dead_letters (
    id uuid primary key,
    agent text not null,
    stream_id uuid not null,
    position bigint not null,
    event_id uuid not null,
    type text not null,
    data bytea not null,
    metadata jsonb not null,
    attempts integer not null,
    error text not null,
    parked_at timestamptz not null,
    redriven_at timestamptz
);

create index dead_letters_agent_stream_id on dead_letters (agent, stream_id);

create table api_keys (
    id uuid primary key,
    name text not null,
    hash bytea not null unique,
    scopes text[] not null,
    owner uuid not null,
    created_at timestamptz not null,
    revoked_at timestamptz,
    last_used_at timestamptz
);
-- For the similarity of texts. A server without it, or a user who may not add it, still runs everything else.
do $$
begin
    if exists (select from pg_available_extensions where name = 'vector' and installed_version is null) then
        create extension vector;
    end if;
exception when insufficient_privilege then
    raise warning 'extension vector is available but not installed: ask an administrator for CREATE EXTENSION vector';
end $$;
