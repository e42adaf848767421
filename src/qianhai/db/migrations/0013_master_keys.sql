-- Which master key is in force for an institution, known by a fingerprint that tells nothing of it.
--
-- A program that holds another key writes no person's key: it would be wrapped under a key that is no
-- longer, or not yet, in use. Rotations are in the journal; these rows are how things stand.

create table registers.master_keys (
    institution_id text primary key,
    fingerprint text not null,
    taken_at timestamptz not null,
    taken_by text not null,
    schema_version smallint not null default 1,
    constraint master_keys_fingerprint_is_hex check (fingerprint ~ '^[0-9a-f]{32}$')
);
-- Nobody reads it by the role of readers.
alter table registers.master_keys enable row level security;
