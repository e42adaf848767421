-- The ledger: assets, accounts, chains of transfers, and the batches that seal them.
-- Amounts are whole minor units. Rows of assets, chains, transfers and batches are never changed;
-- of an account only what its transfers change. src/qianhai/ledger/digest.py names what is digested.

create schema ledger;

create table ledger.assets (
  id             bigint   constraint assets_have_one_id primary key,
  institution_id text     not null,
  code           text     not null,
  scale          smallint not null constraint assets_scale_is_0_to_8 check (scale between 0 and 8),
  kind           text     not null,
  registered_by  bigint   not null,
  schema_version smallint not null default 1,
  salt           bytea    not null,
  digest         bytea    not null,
  constraint assets_code_is_unique_per_institution unique (institution_id, code)
);

create table ledger.accounts (
  id             bigint   constraint accounts_have_one_id primary key,
  institution_id text     not null,
  name           text     not null,
  asset_id       bigint   not null references ledger.assets (id),
  kind           text     not null,
  holder         text     not null,
  floor          bigint,
  ceiling        bigint,
  opened_by      bigint   not null,
  schema_version smallint not null default 1,
  salt           bytea    not null,
  digest         bytea    not null,
  balance        bigint   not null,
  pending_in     bigint   not null,
  pending_out    bigint   not null,
  cap_seen       bigint,
  closed_by      bigint,
  constraint accounts_name_is_unique_per_institution unique (institution_id, name),
  constraint accounts_pending_is_not_negative check (pending_in >= 0 and pending_out >= 0),
  constraint accounts_keep_their_floor check (balance - pending_out >= floor),
  constraint accounts_keep_their_ceiling check (balance + pending_in <= ceiling),
  constraint accounts_close_empty
    check (closed_by is null or (balance = 0 and pending_in = 0 and pending_out = 0))
) with (fillfactor = 60);
create index accounts_by_holder on ledger.accounts (institution_id, holder);

create table ledger.chains (
  seq            bigint      constraint chains_have_one_seq primary key,
  institution_id text        not null,
  id             uuid        not null,
  kind           text        not null
    constraint chains_kind_is_known check (kind in ('post', 'hold', 'commit', 'void', 'reverse')),
  of_id          uuid,
  value_on       date        not null,
  expires_at     timestamptz,
  posted_at      timestamptz not null,
  result         text        not null,
  failed_leg     integer,
  asked          bigint[]    not null,
  amounts        bigint[]    not null,
  available      bigint[]    not null,
  used           bigint[]    not null,
  closed         bigint[]    not null,
  transfer_first bigint,
  transfer_last  bigint,
  content        bytea       not null,
  schema_version smallint    not null default 1,
  salt           bytea       not null,
  digest         bytea       not null,
  constraint chains_id_is_unique_per_institution unique (institution_id, id)
);
-- A hold is resolved once, a chain reversed once.
create unique index chains_are_continued_once on ledger.chains (institution_id, of_id)
  where result = 'posted' and of_id is not null;

create table ledger.transfers (
  seq               bigint   constraint transfers_have_one_seq primary key,
  institution_id    text     not null,
  chain_seq         bigint   not null,
  leg               integer  not null,
  debit_account_id  bigint   not null,
  credit_account_id bigint   not null,
  amount            bigint   not null,
  held              bigint   not null,
  cap               bigint,
  debit_balance     bigint   not null,
  debit_pending     bigint   not null,
  credit_balance    bigint   not null,
  credit_pending    bigint   not null,
  schema_version    smallint not null default 1,
  salt              bytea    not null,
  digest            bytea    not null,
  constraint transfers_amount_is_not_negative check (amount >= 0),
  constraint transfers_move_something check (amount <> 0 or held <> 0),
  constraint transfers_have_two_accounts check (debit_account_id <> credit_account_id)
);
create index transfers_by_debit on ledger.transfers (debit_account_id, seq);
create index transfers_by_credit on ledger.transfers (credit_account_id, seq);

-- The holds, and which chain resolved each: the list an officer works through and the sweep reads.
create table ledger.holds (
  chain_seq      bigint   constraint holds_are_one_per_chain primary key,
  institution_id text     not null,
  expires_at     timestamptz,
  resolved_by    bigint,
  schema_version smallint not null default 1
);
create index holds_open_by_expiry on ledger.holds (expires_at) where resolved_by is null;

create table ledger.batches (
  number         bigint      constraint batches_have_one_number primary key,
  posted_at      timestamptz not null,
  asset_last     bigint      not null,
  account_last   bigint      not null,
  chain_last     bigint      not null,
  transfer_last  bigint      not null,
  schema_version smallint    not null default 1,
  hash           bytea       not null
);
create index batches_by_time on ledger.batches (posted_at);

-- One row: the last batch again, which every writer compares and sets (the fence).
create table ledger.heads (
  number         bigint      not null,
  posted_at      timestamptz not null,
  asset_last     bigint      not null,
  account_last   bigint      not null,
  chain_last     bigint      not null,
  transfer_last  bigint      not null,
  schema_version smallint    not null default 1,
  hash           bytea       not null,
  is_only        boolean     not null default true
    constraint heads_is_one_row unique constraint heads_is_only check (is_only)
) with (fillfactor = 10);
insert into ledger.heads
values (0, '1970-01-01 00:00:00+00', 0, 0, 0, 0, 1, decode(repeat('00', 32), 'hex'));

create trigger assets_are_append_only before update or delete or truncate on ledger.assets
  for each statement execute function journal.refuse_change();
create trigger accounts_keep_what_they_were_opened_with
  before delete or truncate or update of id, institution_id, name, asset_id, kind, holder, floor,
    ceiling, opened_by, schema_version, salt, digest on ledger.accounts
  for each statement execute function journal.refuse_change();
create trigger chains_are_append_only before update or delete or truncate on ledger.chains
  for each statement execute function journal.refuse_change();
create trigger transfers_are_append_only before update or delete or truncate on ledger.transfers
  for each statement execute function journal.refuse_change();
create trigger batches_are_append_only before update or delete or truncate on ledger.batches
  for each statement execute function journal.refuse_change();
create trigger holds_only_are_resolved
  before delete or truncate or update of chain_seq, institution_id, expires_at, schema_version
  on ledger.holds
  for each statement execute function journal.refuse_change();
create trigger heads_only_advance before delete or truncate on ledger.heads
  for each statement execute function journal.refuse_change();
