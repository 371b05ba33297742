-- The same for as long as this server serves this table: a restart, a failover, a restore or a copy changes it.
create function store_witness() returns text language sql stable as $$
    select concat_ws('/', extract(epoch from pg_postmaster_start_time()),
        (select oid from pg_database where datname = current_database()), pg_relation_filenode('events'))
$$;

alter table store_epoch
    add column past uuid[] not null default '{}',          -- the epochs before this one
    add column recoveries integer not null default 0,      -- who was started before the last one has to start again
    add column witness text,                               -- null: no relay has ever carried the store's events
    add column prefix text,                                -- the topics that it was compared with
    add column finding text;                               -- what the store lacks; it takes nothing meanwhile
comment on column store_epoch.witness is
    'store_witness() when a relay last found the store to be what Kafka has seen; another one: not known yet';

alter table dead_letters
    add column dropped_at timestamptz,
    add column dropped_by text,
    add column drop_reason text,
    add check ((dropped_at is null) = (drop_reason is null));
