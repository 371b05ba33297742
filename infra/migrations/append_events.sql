-- Stores a batch of appends. Each is all or nothing and stands alone; `append` numbers them from 1.
-- The caller sends a stream, command id, key or subject in one append of a call only, and an append's events together.
-- Answers the position before the batch and the appends that were not stored; the stored ones follow it without a gap.
create or replace function append_events(
    p_epoch uuid,
    -- per append
    p_metadata jsonb[],
    -- per event, in order; command and extent (events that follow) on the first of an append with a command id
    p_append integer[], p_stream uuid[], p_version integer[], p_category text[], p_type text[], p_event uuid[],
    p_owner uuid[], p_data bytea[], p_occurred timestamptz[], p_command uuid[], p_extent integer[],
    -- per stream of an append: its version before
    p_head_append integer[], p_head_stream uuid[], p_head_version integer[],
    -- per idempotency key, new subject and erased subject: the append it belongs to
    p_key_append integer[], p_key uuid[], p_hash bytea[], p_result text[],
    p_subject_append integer[], p_subject uuid[], p_wrapped bytea[],
    p_erase_append integer[], p_erase uuid[],
    out base bigint, out conflicts integer[], out duplicates integer[], out firsts bigint[], out lasts bigint[]
) language plpgsql as $$
declare
    moment timestamptz := clock_timestamp();
    store record;
    refused integer[];
    stored bigint;
begin
    -- Held to the end of the commit: positions become visible in their order. Each statement below sees what the
    -- previous holder committed.
    perform pg_advisory_xact_lock(x'6A6F6202'::bigint);
    select * into store from store_epoch;
    if p_epoch is distinct from store.epoch then
        raise exception using errcode = 'JS001', message = 'the store is in another epoch',
            detail = store.epoch::text;
    end if;
    if store.recoveries::text <> current_setting('jobstream.recoveries', true) then
        raise exception using errcode = 'JS002', message = 'the store was recovered';
    end if;
    if store.finding is not null then
        raise exception using errcode = 'JS003', message = 'the store lacks events', detail = store.finding;
    end if;
    if store.witness <> store_witness() then
        raise exception using errcode = 'JS004', message = 'the store has to be compared with Kafka first';
    end if;
    select e.position, greatest(moment, e.recorded_at) into base, moment
        from events e order by e.position desc limit 1;
    base := coalesce(base, 0);
    moment := coalesce(moment, clock_timestamp());

    select coalesce(array_agg(d.append), '{}'), coalesce(array_agg(d.first), '{}'), coalesce(array_agg(d.last), '{}')
        into duplicates, firsts, lasts
        from (
            select c.append, e.position as first, e.command_last as last
                from unnest(p_append, p_command) c(append, id) join events e on e.command_id = c.id
                where c.id is not null
            union all
            select k.append, i.first_position, i.last_position
                from unnest(p_key_append, p_key) k(append, id) join idempotency_keys i on i.key = k.id
                where i.expires_at > moment
        ) d;
    select coalesce(array_agg(c.append), '{}') into conflicts
        from (
            select h.append
                from unnest(p_head_append, p_head_stream, p_head_version) h(append, stream, version)
                where h.version <> coalesce((select e.version from events e where e.stream_id = h.stream
                    order by e.version desc limit 1), 0)
            union all
            select s.append
                from unnest(p_subject_append, p_subject) s(append, id) join subject_keys k on k.subject = s.id
        ) c;
    refused := conflicts || duplicates;

    insert into events (position, stream_id, version, category, type, event_id, owner, data, metadata, occurred_at,
            recorded_at, command_id, command_last)
        select base + n.number, n.stream, n.version, n.category, n.type, n.event, n.owner, n.data,
            p_metadata[n.append], n.occurred, moment, n.command, base + n.number + n.extent
        from (
            select u.*, row_number() over (order by u.ordinal) as number
                from unnest(p_append, p_stream, p_version, p_category, p_type, p_event, p_owner, p_data, p_occurred,
                    p_command, p_extent) with ordinality
                    u(append, stream, version, category, type, event, owner, data, occurred, command, extent, ordinal)
                where not u.append = any(refused)
        ) n;
    get diagnostics stored = row_count;

    if cardinality(p_key) > 0 then
        -- A small dose of what has expired goes with each call, so the table needs no sweeper.
        delete from idempotency_keys where key in (select i.key from idempotency_keys i
            where i.expires_at <= moment order by i.expires_at limit 2 * cardinality(p_key) + 10);
        insert into idempotency_keys
            select k.id, k.hash, k.result, coalesce(base + s.first, 0), coalesce(base + s.last, 0), moment + interval '24 hours'
            from unnest(p_key_append, p_key, p_hash, p_result) k(append, id, hash, result)
            left join (
                select n.append, min(n.number) as first, max(n.number) as last
                from (select u.append, row_number() over (order by u.ordinal) as number
                    from unnest(p_append) with ordinality u(append, ordinal) where not u.append = any(refused)) n
                group by n.append
            ) s on s.append = k.append
            where not k.append = any(refused)
            on conflict (key) do update set body_hash = excluded.body_hash, result = excluded.result,
                first_position = excluded.first_position, last_position = excluded.last_position,
                expires_at = excluded.expires_at;
    end if;
    if cardinality(p_subject) > 0 then
        insert into subject_keys (subject, wrapped, created_at)
            select s.id, s.wrapped, moment from unnest(p_subject_append, p_subject, p_wrapped) s(append, id, wrapped)
            where not s.append = any(refused);
    end if;
    if cardinality(p_erase) > 0 then
        -- A subject without a key is marked too: none can be made for it afterwards.
        insert into subject_keys (subject, wrapped, created_at, erased_at)
            select s.id, null, moment, moment from unnest(p_erase_append, p_erase) s(append, id)
            where not s.append = any(refused)
            on conflict (subject) do update set wrapped = null, erased_at = moment
                where subject_keys.erased_at is null;
    end if;
    if stored > 0 then
        perform pg_notify('jobstream_events', (base + stored)::text);
    end if;
end $$;
