-- The journal: an append-only, hash-chained record, and the seals of other rooms' rows.

create schema journal;

-- Refuses a change of an append-only table; other rooms' triggers call it as well:
--     create trigger t_is_append_only before update or delete or truncate on room.t
--         for each statement execute function journal.refuse_change();
create function journal.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '%.% is append-only: % is refused',
        tg_table_schema, tg_table_name, lower(tg_op)
        using errcode = 'integrity_constraint_violation',
              hint = 'A correction is a new row. History stays as it was.';
end
$$;

-- One row: the end of the chain. Locked by whoever appends, so that numbers have no gap.
create table journal.heads (
    is_only boolean primary key default true,
    seq bigint not null,
    chain bytea not null,
    constraint heads_is_one_row check (is_only),
    constraint heads_chain_is_sha256 check (octet_length(chain) = 32)
);
insert into journal.heads (seq, chain) values (0, decode(repeat('00', 32), 'hex'));

-- content = sha256(salt, body); digest = sha256(all other fields, content, seals);
-- chain = sha256(previous chain, digest). Salt and body can be erased: nothing else changes.
create table journal.entries (
    seq bigint primary key,
    institution_id text not null,
    schema_version smallint not null default 1,
    kind text not null,
    subject text not null,
    at timestamptz not null,
    salt bytea,
    body text,
    content bytea not null,
    digest bytea not null,
    chain bytea not null,
    constraint entries_seq_is_positive check (seq > 0),
    constraint entries_salt_has_16_bytes check (octet_length(salt) = 16),
    constraint entries_hashes_are_sha256 check (
        octet_length(content) = 32 and octet_length(digest) = 32 and octet_length(chain) = 32
    ),
    constraint entries_are_erased_with_their_salt check ((salt is null) = (body is null))
);
create index entries_by_subject on journal.entries (institution_id, subject, seq);

-- A row of another room as it was when it was inserted; part of its entry's digest.
create table journal.seals (
    entry_seq bigint not null references journal.entries (seq),
    institution_id text not null,
    schema_version smallint not null default 1,
    table_name text not null,
    row_key text not null,
    digest bytea not null,
    primary key (entry_seq, table_name, row_key),
    constraint seals_digest_is_sha256 check (octet_length(digest) = 32)
);

-- Which tables are sealed: their key, and the columns that may change afterwards.
create table journal.sealed_tables (
    table_name text primary key,
    key_columns text[] not null,
    mutable_columns text[] not null default '{}',
    constraint sealed_tables_name_its_schema check (table_name ~ '^[a-z_]+[.][a-z_0-9]+$'),
    constraint sealed_tables_have_a_key check (cardinality(key_columns) > 0)
);

create trigger entries_are_append_only before delete or truncate on journal.entries
    for each statement execute function journal.refuse_change();
-- The one change allowed: erasing salt and body, everything else untouched.
create trigger entries_change_only_by_erasure before update on journal.entries
    for each row when (
        new.body is not null
        or (new.seq, new.institution_id, new.schema_version, new.kind, new.subject, new.at,
            new.content, new.digest, new.chain)
        is distinct from
           (old.seq, old.institution_id, old.schema_version, old.kind, old.subject, old.at,
            old.content, old.digest, old.chain)
    )
    execute function journal.refuse_change();
create trigger seals_are_append_only before update or delete or truncate on journal.seals
    for each statement execute function journal.refuse_change();
