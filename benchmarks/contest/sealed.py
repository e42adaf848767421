"""A function for each transfer that keeps what the ledger promises of its rows, on plain tables.

It numbers transfers without a gap, writes the two balances after each on its row, and links the
rows by SHA-256 through one head row, as an auditor asks. Must not know the ledger's own tables.
"""

from typing import Final

from benchmarks.contest.ground import Ground
from benchmarks.contest.peers import HOME

#: Accounts are locked in the order of their ids and the head after them: no deadlock is possible.
#: From the head on one call runs at a time, until its commit. An id that two calls bring at once
#: fails at the index, and the number it had taken with it.
_TABLES: Final = """
create table peer.sealed_accounts (like peer.accounts including all) with (fillfactor = 60);
insert into peer.sealed_accounts select id, 0, floor from peer.accounts;
create table peer.sealed_transfers (
  seq bigint primary key, id uuid not null unique, debit_account_id bigint not null,
  credit_account_id bigint not null, amount bigint not null check (amount > 0),
  value_on date not null, posted_at timestamptz not null default now(),
  debit_balance bigint not null, credit_balance bigint not null, hash bytea not null,
  check (debit_account_id <> credit_account_id)
);
create table peer.head (seq bigint not null, hash bytea not null) with (fillfactor = 10);
insert into peer.head values (0, sha256(''));

create function peer.sealed_content(number uuid, debit bigint, credit bigint, moved bigint,
  on_day date, debit_after bigint, credit_after bigint)
returns bytea language sql immutable
return uuid_send(number) || int8send(debit) || int8send(credit) || int8send(moved)
  || date_send(on_day) || int8send(debit_after) || int8send(credit_after);

create function peer.sealed_transfer(number uuid, debit bigint, credit bigint, moved bigint,
  on_day date)
returns text language plpgsql as $$
declare
  is_enough boolean;
  debit_after bigint;
  credit_after bigint;
  sealed peer.head;
begin
  select bool_and(l.id <> debit or l.balance - moved >= l.floor) and count(*) = 2,
    min(l.balance) filter (where l.id = debit) - moved,
    min(l.balance) filter (where l.id = credit) + moved
  into is_enough, debit_after, credit_after
  from (select a.id, a.balance, a.floor from peer.sealed_accounts a where a.id in (debit, credit)
        order by a.id for no key update) l;
  if not is_enough then
    return 'refused';
  end if;
  if exists (select from peer.sealed_transfers t where t.id = number) then
    return 'exists';
  end if;
  update peer.sealed_accounts a
  set balance = case a.id when debit then debit_after else credit_after end
  where a.id in (debit, credit);
  update peer.head h set seq = h.seq + 1, hash = sha256(h.hash || int8send(h.seq + 1)
    || peer.sealed_content(number, debit, credit, moved, on_day, debit_after, credit_after))
  returning h.* into sealed;
  insert into peer.sealed_transfers (seq, id, debit_account_id, credit_account_id, amount, value_on,
    debit_balance, credit_balance, hash)
  values (sealed.seq, number, debit, credit, moved, on_day, debit_after, credit_after, sealed.hash);
  return 'posted';
end
$$;
analyze peer.sealed_accounts;
"""

_FOUND: Final = """
with linked as (
  select seq, hash = sha256(lag(hash, 1, sha256('')) over (order by seq) || int8send(seq)
    || peer.sealed_content(id, debit_account_id, credit_account_id, amount, value_on,
                           debit_balance, credit_balance)) as is_linked
  from peer.sealed_transfers
), moved as (
  select id, max(seq) as seq, sum(amount)::bigint as balance from (
    select debit_account_id as id, -amount as amount, seq from peer.sealed_transfers
    union all select credit_account_id, amount, seq from peer.sealed_transfers) s group by id
)
select h.seq,
  (select count(*) from linked) as rows, (select coalesce(max(seq), 0) from linked) as last,
  (select count(*) from linked where not is_linked) as broken,
  h.hash = coalesce((select t.hash from peer.sealed_transfers t where t.seq = h.seq), sha256(''))
    as is_head_last,
  (select sum(balance)::bigint from peer.sealed_accounts) as sum,
  (select count(*) from peer.sealed_accounts a left join moved m using (id)
   left join peer.sealed_transfers t on t.seq = m.seq
   where a.balance <> coalesce(m.balance, 0) or a.balance <> case a.id
     when t.debit_account_id then t.debit_balance
     when t.credit_account_id then t.credit_balance else 0 end) as differing
from peer.head h
"""


def make_sealed_tables(ground: Ground) -> None:
    """Make the tables and the function beside the plain ones, which must be there."""
    with ground.connect(HOME) as conn:
        conn.execute(_TABLES.encode())


def check_sealed(ground: Ground) -> int:
    """Prove what the function promises by what it wrote; return how many transfers that is."""
    with ground.connect(HOME) as conn:
        found = conn.execute(_FOUND.encode()).fetchone()
    assert found, "there is one head"
    seq, rows, last, broken, is_head_last, total, differing = found
    assert seq == rows == last, f"{rows} transfers are numbered up to {last}, the head says {seq}"
    assert broken == 0, f"{broken} transfers are not linked to the one before"
    assert is_head_last, "the head's hash is not that of the last transfer"
    assert total == 0, f"the balances come to {total}"
    assert differing == 0, f"{differing} accounts differ from their transfers"
    return int(rows)
