-- The road's own rows: what was asked, what was answered and why, and what has to leave.
--
-- Every row is sealed by the journal. Only the outbox has columns that change: when a message left.

create schema instructions;

-- The packs that ever decided, whole, so that any decision can be replayed years later.
create table instructions.packs (
    institution_id text not null,
    hash text not null,
    version text not null,
    files bytea not null,
    first_used_at timestamptz not null,
    salt bytea not null,
    schema_version smallint not null default 1,
    primary key (institution_id, hash)
);

create table instructions.instructions (
    institution_id text not null,
    id text not null,
    content_hash bytea not null,
    facility text not null,
    action text not null,
    continues text,
    root text not null,
    value_on date not null,
    received_at timestamptz not null,
    chain_id uuid not null,
    parties text not null,
    facts text not null,
    salt bytea not null,
    schema_version smallint not null default 1,
    primary key (institution_id, id),
    constraint instructions_hash_is_sha256 check (octet_length(content_hash) = 32)
);
create index instructions_by_root on instructions.instructions (institution_id, root);

-- `answers` holds one character a condition in the order of the pack's file: t, f or u.
create table instructions.decisions (
    institution_id text not null,
    instruction_id text not null,
    decided_at timestamptz not null,
    known_at timestamptz not null,
    outcome text not null,
    clause text not null,
    pack_hash text not null,
    facts text not null,
    answers text not null,
    explained text not null,
    ledger_result text not null,
    ledger_seq bigint,
    draws text not null,
    salt bytea not null,
    schema_version smallint not null default 1,
    primary key (institution_id, instruction_id),
    foreign key (institution_id, instruction_id)
        references instructions.instructions (institution_id, id),
    foreign key (institution_id, pack_hash) references instructions.packs (institution_id, hash),
    constraint decisions_outcome_is_known check (
        outcome in ('refused', 'referred', 'register_first', 'ordinary', 'permitted', 'incomplete')
    )
);

create table instructions.outbox (
    institution_id text not null,
    id uuid not null,
    instruction_id text not null,
    kind text not null,
    name text not null,
    payload text not null,
    created_at timestamptz not null,
    sent_at timestamptz,
    attempts integer not null default 0,
    salt bytea not null,
    schema_version smallint not null default 1,
    primary key (institution_id, id)
);
create index outbox_waiting on instructions.outbox (created_at) where sent_at is null;

insert into journal.sealed_tables (table_name, key_columns, mutable_columns) values
    ('instructions.packs', '{institution_id,hash}', '{}'),
    ('instructions.instructions', '{institution_id,id}', '{}'),
    ('instructions.decisions', '{institution_id,instruction_id}', '{}'),
    ('instructions.outbox', '{institution_id,id}', '{sent_at,attempts}');

create trigger packs_are_append_only before update or delete or truncate
    on instructions.packs for each statement execute function journal.refuse_change();
create trigger instructions_are_append_only before update or delete or truncate
    on instructions.instructions for each statement execute function journal.refuse_change();
create trigger decisions_are_append_only before update or delete or truncate
    on instructions.decisions for each statement execute function journal.refuse_change();
create trigger outbox_keeps_its_rows before delete or truncate
    on instructions.outbox for each statement execute function journal.refuse_change();
