-- The registers: what is on record about parties, on which days it is true, since when it is known.
--
-- Nothing here is ever changed. A row says that from `known_since` on, the thing named by the key
-- columns was so from `since` to `until` (both included; null: no end known). A later row with the
-- same key and the same `since` supersedes it; `retracted` says the row was recorded by mistake.
-- The row standing on a day is the one with the latest `since` not after that day.

create schema registers;

-- The part every register shares; each table below is made like it, then it is dropped.
create table registers.dated (
    id uuid primary key,
    institution_id text not null,
    since date not null,
    until date,
    evidence text not null,
    retracted boolean not null,
    known_since timestamptz not null,
    content bytea not null,
    salt bytea not null,
    schema_version smallint not null default 1,
    constraint rows_end_after_they_begin check (until >= since)
);

create table registers.parties (
    like registers.dated including all,
    party text not null,
    type text not null,
    jurisdiction text not null,
    area text,
    name text,
    name_en text,
    identifiers jsonb,
    key_id uuid,
    personal bytea,
    blind_index bytea[],
    constraint parties_have_a_known_type
        check (type in ('person', 'enterprise', 'bank', 'fund', 'institution')),
    constraint parties_have_a_known_area check (area in ('original', 'expanded', 'outside')),
    constraint persons_rest_encrypted check (
        (type = 'person') = (personal is not null)
        and (type = 'person') = (key_id is not null)
        and (type = 'person') = (name is null)
        and (type <> 'person' or (name_en is null and identifiers is null and evidence = ''))
    )
);
create unique index parties_key on registers.parties
    (institution_id, party, since, known_since);
create index parties_blind_index on registers.parties using gin (blind_index);

create table registers.attributes (
    like registers.dated including all,
    party text not null,
    name text not null,
    value text not null,
    currency text
);
create unique index attributes_key on registers.attributes
    (institution_id, party, name, since, known_since);

create table registers.qualifications (
    like registers.dated including all,
    party text not null,
    name text not null
);
create unique index qualifications_key on registers.qualifications
    (institution_id, party, name, since, known_since);

create table registers.holdings (
    like registers.dated including all,
    owned text not null,
    owner text not null,
    share text not null,
    constraint shares_are_exact_fractions check (share ~ '^[0-9]+(/[0-9]+)?$')
);
create unique index holdings_key on registers.holdings
    (institution_id, owned, owner, since, known_since);

create table registers.accounts (
    like registers.dated including all,
    number text not null,
    party text not null,
    bank text not null,
    currency text not null,
    kind text not null,
    opening_minor bigint
);
create unique index accounts_key on registers.accounts
    (institution_id, number, since, known_since);
create index accounts_party on registers.accounts (institution_id, party);

create table registers.records (
    like registers.dated including all,
    kind text not null,
    record text not null,
    party text not null,
    attributes jsonb not null
);
create unique index records_key on registers.records
    (institution_id, record, kind, since, known_since);

create table registers.authorisations (
    like registers.dated including all,
    clause text not null,
    status text not null,
    instrument text not null,
    number text not null,
    issued_by text not null,
    through text not null
);
create unique index authorisations_key on registers.authorisations
    (institution_id, clause, instrument, number, since, known_since);

create table registers.consents (
    like registers.dated including all,
    subject text not null,
    purpose text not null,
    scope text not null,
    granted_at timestamptz not null,
    withdrawn_at timestamptz,
    constraint consents_are_withdrawn_after_they_are_granted check (withdrawn_at >= granted_at)
);
create unique index consents_key on registers.consents
    (institution_id, subject, purpose, scope, granted_at, since, known_since);

drop table registers.dated;

-- One key a person; the wrapped key is destroyed when the person is erased, the row stays.
create table registers.subject_keys (
    id uuid primary key,
    institution_id text not null,
    subject text not null,
    created_at timestamptz not null,
    salt bytea not null,
    wrapped bytea,
    erased_at timestamptz,
    schema_version smallint not null default 1,
    constraint erased_keys_are_gone check ((wrapped is null) = (erased_at is not null))
);
create unique index subject_keys_one_live_key on registers.subject_keys
    (institution_id, subject) where wrapped is not null;

-- Who read whose names and identifiers, when and what for.
create table registers.accesses (
    id uuid primary key,
    institution_id text not null,
    subjects text[] not null,
    purpose text not null,
    read_by text not null,
    at timestamptz not null,
    salt bytea not null,
    schema_version smallint not null default 1,
    constraint accesses_say_what_for check (purpose <> '' and read_by <> '')
);

-- The last instant something was recorded: the lock of a load, and why known_since never repeats.
create table registers.heads (
    institution_id text primary key,
    known_since timestamptz not null,
    schema_version smallint not null default 1
);

insert into journal.sealed_tables (table_name, key_columns, mutable_columns) values
    ('registers.parties', '{id}', '{blind_index}'),
    ('registers.attributes', '{id}', '{}'),
    ('registers.qualifications', '{id}', '{}'),
    ('registers.holdings', '{id}', '{}'),
    ('registers.accounts', '{id}', '{}'),
    ('registers.records', '{id}', '{}'),
    ('registers.authorisations', '{id}', '{}'),
    ('registers.consents', '{id}', '{}'),
    ('registers.subject_keys', '{id}', '{wrapped,erased_at}'),
    ('registers.accesses', '{id}', '{}');

do $$
declare
    sealed text;
    fixed text;
begin
    for sealed, fixed in
        select s.table_name,
               string_agg(quote_ident(a.attname), ', ')
                   filter (where a.attname <> all (s.mutable_columns))
        from journal.sealed_tables s
        join pg_attribute a on a.attrelid = s.table_name::regclass
        where s.table_name like 'registers.%' and a.attnum > 0 and not a.attisdropped
        group by s.table_name
    loop
        execute format(
            'create trigger append_only before update of %s or delete or truncate on %s '
            'for each statement execute function journal.refuse_change()', fixed, sealed);
    end loop;
end
$$;
