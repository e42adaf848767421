-- The ledger in columns: transfers by month, the sender's id apart, balances written back in turn.
--
-- The rows of the first form move aside unchanged, with the salts and digests their batches' hashes
-- run over, so that a head kept from before still proves the history before it. Their content is
-- copied into the new form, which everything reads; `qianhai ledger verify` compares the two.

alter table ledger.chains rename to chains_first_form;
alter table ledger.transfers rename to transfers_first_form;
alter table ledger.chains_first_form
  rename constraint chains_have_one_seq to chains_first_form_have_one_seq;
alter table ledger.chains_first_form
  rename constraint chains_id_is_unique_per_institution to chains_first_form_id_is_unique;
alter table ledger.transfers_first_form
  rename constraint transfers_have_one_seq to transfers_first_form_have_one_seq;
drop index ledger.chains_are_continued_once;
drop index ledger.transfers_by_debit;
drop index ledger.transfers_by_credit;

-- One row a chain, posted or refused, under the id its institution gave once. `kind` and `result`
-- are numbers in the order of ledger/model.py; the views below name them. What a posted chain asked
-- stands on its transfers; of a refused one the figures of its decision and a salted digest stay,
-- as of every chain of the first form. The digest of all chains of a batch stands with the batch;
-- `row_check` is a checksum that tells which row was changed.
create table ledger.chains (
  seq            bigint      not null,
  institution_id text        not null,
  id             uuid        not null,
  kind           smallint    not null
    constraint chains_kind_is_known check (kind between 0 and 4),
  value_on       date        not null,
  posted_at      timestamptz not null,
  result         smallint    not null
    constraint chains_result_is_known check (result between 0 and 21),
  transfer_first bigint,
  transfer_last  bigint,
  of_id          uuid,
  expires_at     timestamptz,
  closed         bigint[],
  failed_leg     integer,
  asked          bigint[],
  amounts        bigint[],
  available      bigint[],
  used           bigint[],
  salt           bytea,
  content        bytea,
  row_check      bigint      not null,
  schema_version smallint    not null default 2,
  constraint chains_id_is_unique_per_institution unique (id, institution_id),
  constraint chains_keep_what_was_refused check (
    (content is null) = (salt is null) and (result <> 0) <= (content is not null))
);
create index chains_by_seq on ledger.chains using brin (seq) with (pages_per_range = 16);
-- A hold is resolved once, a chain reversed once.
create unique index chains_are_continued_once on ledger.chains (institution_id, of_id)
  where result = 0 and of_id is not null;

-- One row a leg of a posted chain, also one that had no room and moved nothing. `id` is a uuid7
-- (RFC 9562) of the posting instant in microseconds and of `seq`; months of ids are partitions, and
-- within a month every 2^20 numbers are one. Balances and pendings are those after the leg.
create table ledger.transfers (
  id                uuid     not null,
  seq               bigint   not null,
  institution_id    text     not null,
  chain_id          uuid     not null,
  leg               integer  not null,
  kind              smallint not null,
  value_on          date     not null,
  debit_account_id  bigint   not null,
  credit_account_id bigint   not null,
  amount            bigint   not null,
  held              bigint   not null,
  cap               bigint,
  spilled           bigint,
  debit_balance     bigint   not null,
  debit_pending     bigint   not null,
  credit_balance    bigint   not null,
  credit_pending    bigint   not null,
  row_check         bigint   not null,
  schema_version    smallint not null default 2,
  constraint transfers_amount_is_not_negative check (amount >= 0),
  constraint transfers_have_two_accounts check (debit_account_id <> credit_account_id)
) partition by range (id);

-- The id of a transfer; `at` in whole microseconds, seq below 2^62.
create function ledger.transfer_id(at timestamptz, seq bigint) returns uuid
language sql immutable as $$
  select (lpad(to_hex((m.micros / 1000 << 16) | 28672 | (m.micros % 1000)), 16, '0')
          || to_hex((-9223372036854775808)::bigint | seq))::uuid
  from (select (extract(epoch from at) * 1000000)::bigint as micros) m
$$;

-- When a transfer was posted, which its id tells.
create function ledger.posted_at(id uuid) returns timestamptz
language sql immutable as $$
  select 'epoch'::timestamptz + interval '1 microsecond'
         * (('x' || substr(h.hex, 1, 12))::bit(48)::bigint * 1000 + ('x' || substr(h.hex, 14, 3))::bit(12)::integer)
  from (select replace(id::text, '-', '') as hex) h
$$;

-- Make the partition that the transfer `seq` posted at `at` falls into, unless it is there, and
-- return its name. With `indexed` its statements are fast from the start; without, it takes
-- transfers twice as fast, and is indexed when it is closed. Reads and writes go on meanwhile.
create function ledger.open_partition(at timestamptz, seq bigint, indexed boolean) returns text
language plpgsql as $$
declare
  first timestamptz := date_trunc('month', at at time zone 'Asia/Shanghai') at time zone 'Asia/Shanghai';
  after timestamptz := (date_trunc('month', at at time zone 'Asia/Shanghai') + interval '1 month')
                       at time zone 'Asia/Shanghai';
  month text := 'transfers_' || to_char(at at time zone 'Asia/Shanghai', 'YYYY_MM');
  chunk bigint := seq >> 20;
  leaf text := month || '_' || chunk;
begin
  if to_regclass('ledger.' || leaf) is not null then
    return leaf;
  end if;
  if to_regclass('ledger.' || month) is null then
    execute format('create table ledger.%I (like ledger.transfers including defaults'
                   ' including constraints) partition by range (seq)', month);
    execute format('alter table ledger.transfers attach partition ledger.%I for values from (%L) to (%L)',
                   month, ledger.transfer_id(first, 0), ledger.transfer_id(after, 0));
    execute format('create trigger transfers_are_append_only before update or delete or truncate'
                   ' on ledger.%I for each statement execute function journal.refuse_change()', month);
  end if;
  execute format('create table ledger.%I (like ledger.transfers including defaults'
                 ' including constraints)', leaf);
  execute format('create unique index %I on ledger.%I (seq)', leaf || '_by_seq', leaf);
  execute format('create trigger transfers_are_append_only before update or delete or truncate'
                 ' on ledger.%I for each statement execute function journal.refuse_change()', leaf);
  if indexed then
    perform ledger.index_partition(leaf);
  end if;
  execute format('alter table ledger.%I attach partition ledger.%I for values from (%s) to (%s)',
                 month, leaf, chunk << 20, (chunk + 1) << 20);
  return leaf;
end
$$;

-- Give a partition the two indexes that find an account's transfers.
create function ledger.index_partition(leaf text) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtext('ledger.index_partition'), hashtext(leaf));
  execute format('create index if not exists %I on ledger.%I (debit_account_id, seq)',
                 leaf || '_by_debit', leaf);
  execute format('create index if not exists %I on ledger.%I (credit_account_id, seq)',
                 leaf || '_by_credit', leaf);
end
$$;

-- Every account row includes all its transfers up to `settled`, and up to `last_seq`, the last of its
-- own that it includes. Reads add the transfers after both (ledger.balances).
alter table ledger.batches add column chains_digest bytea, add column transfers_digest bytea;
alter table ledger.heads add column chains_digest bytea, add column transfers_digest bytea;
alter table ledger.heads add column settled bigint not null default 0;
alter table ledger.accounts add column last_seq bigint not null default 0;
alter table ledger.holds add column chain_id uuid;

do $$
declare
  batch record;
begin
  for batch in
    select distinct on (month, chunk) posted_at, seq from (
      select c.posted_at, t.seq, t.seq >> 20 as chunk,
             date_trunc('month', c.posted_at at time zone 'Asia/Shanghai') as month
      from ledger.transfers_first_form t join ledger.chains_first_form c on c.seq = t.chain_seq) f
  loop
    perform ledger.open_partition(batch.posted_at, batch.seq, true);
  end loop;
end
$$;

insert into ledger.chains
select seq, institution_id, id, array_position(array['post', 'hold', 'commit', 'void', 'reverse'], kind) - 1,
       value_on, posted_at,
       array_position(array['posted', 'id_conflict', 'stale', 'hold_not_found', 'hold_resolved',
         'hold_expired', 'hold_exceeded', 'original_not_found', 'original_reversed', 'asset_scale',
         'asset_differs', 'account_differs', 'account_unknown', 'account_closed', 'asset_mismatch',
         'same_account', 'amount_not_positive', 'overflow', 'limit_passed', 'ceiling_passed',
         'floor_passed', 'account_not_empty'], result) - 1,
       transfer_first, transfer_last, of_id, expires_at, nullif(closed, '{}'), failed_leg,
       asked, amounts, available, used, salt, content, 0, 1
from ledger.chains_first_form order by seq;

insert into ledger.transfers
select ledger.transfer_id(c.posted_at, t.seq), t.seq, t.institution_id, c.id, t.leg,
       array_position(array['post', 'hold', 'commit', 'void', 'reverse'], c.kind) - 1, c.value_on,
       t.debit_account_id, t.credit_account_id, t.amount, t.held, t.cap, null,
       t.debit_balance, t.debit_pending, t.credit_balance, t.credit_pending, 0, 1
from ledger.transfers_first_form t join ledger.chains_first_form c on c.seq = t.chain_seq
order by t.seq;

alter table ledger.holds disable trigger holds_only_are_resolved;
update ledger.holds h set chain_id = c.id from ledger.chains c where c.seq = h.chain_seq;
alter table ledger.holds enable trigger holds_only_are_resolved;
alter table ledger.holds alter column chain_id set not null;
update ledger.accounts a set last_seq = l.seq from (
  select id, max(seq) as seq from (
    select debit_account_id as id, seq from ledger.transfers
    union all select credit_account_id, seq from ledger.transfers) s group by id) l
where l.id = a.id;
update ledger.heads set settled = transfer_last;

drop trigger holds_only_are_resolved on ledger.holds;
create trigger holds_only_are_resolved
  before delete or truncate
    or update of chain_seq, chain_id, institution_id, expires_at, schema_version
  on ledger.holds
  for each statement execute function journal.refuse_change();
create trigger chains_are_append_only before update or delete or truncate on ledger.chains
  for each statement execute function journal.refuse_change();
create trigger transfers_are_append_only before update or delete or truncate on ledger.transfers
  for each statement execute function journal.refuse_change();
create trigger first_form_is_append_only before insert on ledger.chains_first_form
  for each statement execute function journal.refuse_change();
create trigger first_form_is_append_only before insert on ledger.transfers_first_form
  for each statement execute function journal.refuse_change();

-- Wait for the writers before, and return where the history ends: a row of ledger.heads as it is
-- once the lock is taken. Rows of large tables are then found by index for the transaction: a plan
-- made while a table was small would read all of it for as long as the plan is kept.
create function ledger.lock_head(key bigint) returns setof ledger.heads language plpgsql as $$
begin
  perform pg_advisory_xact_lock(key);
  perform set_config('enable_seqscan', 'off', true);
  return query select * from ledger.heads;
end
$$;

-- What every account has now: its row, and the transfers after it.
create view ledger.balances as
select a.id as account_id, a.institution_id, a.name, s.code as asset, s.scale, a.kind, a.holder,
       a.floor, a.ceiling,
       (a.balance + coalesce(t.balance, 0))::bigint as balance,
       (a.pending_in + coalesce(t.pending_in, 0))::bigint as pending_in,
       (a.pending_out + coalesce(t.pending_out, 0))::bigint as pending_out,
       coalesce(t.cap_seen, a.cap_seen) as cap_seen,
       a.closed_by
from ledger.accounts a
join ledger.assets s on s.id = a.asset_id
left join lateral (
  select sum(case when t.credit_account_id = a.id then t.amount else -t.amount end) as balance,
         sum(case when t.credit_account_id = a.id then t.held else 0 end) as pending_in,
         sum(case when t.debit_account_id = a.id then t.held else 0 end) as pending_out,
         (array_agg(t.cap order by t.seq desc) filter (
           where t.cap is not null and t.credit_account_id = a.id and t.amount + t.held > 0))[1]
           as cap_seen
  from ledger.transfers t
  where t.seq > (select settled from ledger.heads) and t.seq > a.last_seq
    and (t.debit_account_id = a.id or t.credit_account_id = a.id)
) t on true;

-- Every transfer as each of its two accounts sees it: credits positive, debits negative.
create view ledger.statements as
select t.institution_id, a.name as account, t.seq, t.id as transfer_id, t.chain_id,
       (array['post', 'hold', 'commit', 'void', 'reverse'])[t.kind + 1] as kind,
       o.name as counterpart, s.code as asset, s.scale, -t.amount as amount, -t.held as held,
       t.debit_balance as balance, t.value_on, ledger.posted_at(t.id) as posted_at
from ledger.transfers t
join ledger.accounts a on a.id = t.debit_account_id
join ledger.accounts o on o.id = t.credit_account_id
join ledger.assets s on s.id = a.asset_id
where t.amount <> 0 or t.held <> 0
union all
select t.institution_id, a.name, t.seq, t.id, t.chain_id,
       (array['post', 'hold', 'commit', 'void', 'reverse'])[t.kind + 1],
       o.name, s.code, s.scale, t.amount, t.held, t.credit_balance, t.value_on, ledger.posted_at(t.id)
from ledger.transfers t
join ledger.accounts a on a.id = t.credit_account_id
join ledger.accounts o on o.id = t.debit_account_id
join ledger.assets s on s.id = a.asset_id
where t.amount <> 0 or t.held <> 0;
