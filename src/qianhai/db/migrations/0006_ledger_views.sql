-- Views a person asks the ledger by, all accounts at once. They make no table and change no row.
-- Amounts are whole minor units with `scale` beside them: amount * ('1e-' || scale)::numeric.

-- As ledger.balances, for all accounts: the transfers that no row includes yet are added in one pass.
-- Of one account ask ledger.balances, which looks only at that account's transfers.
create view ledger.all_balances as
with tail as (
  select s.account_id, sum(s.amount) as balance, sum(s.pending_in) as pending_in,
         sum(s.pending_out) as pending_out,
         (array_agg(s.cap order by s.seq desc) filter (where s.is_draw))[1] as cap_seen
  from (
    select debit_account_id as account_id, seq, -amount as amount, 0 as pending_in,
           held as pending_out, null::bigint as cap, false as is_draw
    from ledger.transfers where seq > (select settled from ledger.heads)
    union all
    select credit_account_id, seq, amount, held, 0, cap, cap is not null and amount + held > 0
    from ledger.transfers where seq > (select settled from ledger.heads)
  ) s
  join ledger.accounts a on a.id = s.account_id and s.seq > a.last_seq
  group by s.account_id
)
select a.id as account_id, a.institution_id, a.name, s.code as asset, s.scale,
       s.kind as asset_kind, a.kind, a.holder, a.floor, a.ceiling,
       (a.balance + coalesce(t.balance, 0))::bigint as balance,
       (a.pending_in + coalesce(t.pending_in, 0))::bigint as pending_in,
       (a.pending_out + coalesce(t.pending_out, 0))::bigint as pending_out,
       coalesce(t.cap_seen, a.cap_seen) as cap_seen,
       a.closed_by
from ledger.accounts a
join ledger.assets s on s.id = a.asset_id
left join tail t on t.account_id = a.id;

-- Per institution and asset, all accounts (`kind` null) and each kind of account: what stands on the
-- debit side (balances below zero, shown without their sign) and on the credit side. `balance`, their
-- difference, is zero over all accounts, and what is pending in is what is pending out.
create view ledger.trial_balance as
select institution_id, asset, scale, kind, count(*) as accounts, count(closed_by) as closed,
       coalesce(-sum(balance) filter (where balance < 0), 0) as debit,
       coalesce(sum(balance) filter (where balance > 0), 0) as credit,
       sum(balance) as balance, sum(pending_in) as pending_in, sum(pending_out) as pending_out
from ledger.all_balances
group by grouping sets ((institution_id, asset, scale), (institution_id, asset, scale, kind));

-- The holds neither committed nor voided, the oldest first, with the whole days they have stood.
create view ledger.open_holds as
select h.institution_id, h.chain_id, c.value_on, c.posted_at, 
       floor(extract(epoch from now() - c.posted_at) / 86400)::integer as age_days,
       h.expires_at, h.expires_at <= now() as is_expired, t.leg, d.name as debit, k.name as credit,
       s.code as asset, s.scale, t.held
from ledger.holds h
join ledger.chains c on c.id = h.chain_id and c.institution_id = h.institution_id
join ledger.transfers t on t.seq between c.transfer_first and c.transfer_last
join ledger.accounts d on d.id = t.debit_account_id
join ledger.accounts k on k.id = t.credit_account_id
join ledger.assets s on s.id = d.asset_id
where h.resolved_by is null and t.held > 0
order by c.seq, t.leg;

-- Limits: what is used of each, pending included, and what the cap last seen leaves. A cap that fell
-- under its use leaves nothing; `cap_seen` is null for a limit no capped leg has drawn.
create view ledger.limit_use as
select institution_id, name, holder, asset, scale, balance + pending_in as used, cap_seen,
       greatest(0, cap_seen - balance - pending_in) as "left",
       coalesce(balance + pending_in > cap_seen, false) as is_over_cap
from ledger.all_balances
where kind = 'limit';

-- Chains in words, one row a leg: of refused ones (and those without legs) one row without a leg.
create view ledger.postings as
select c.institution_id, c.seq as chain_seq, c.id as chain_id,
       (array['post', 'hold', 'commit', 'void', 'reverse'])[c.kind + 1] as kind,
       (array['posted', 'id_conflict', 'stale', 'hold_not_found', 'hold_resolved',
         'hold_expired', 'hold_exceeded', 'original_not_found', 'original_reversed', 'asset_scale',
         'asset_differs', 'account_differs', 'account_unknown', 'account_closed', 'asset_mismatch',
         'same_account', 'amount_not_positive', 'overflow', 'limit_passed', 'ceiling_passed',
         'floor_passed', 'account_not_empty'])[c.result + 1] as result,
       c.value_on, c.posted_at, c.of_id, c.expires_at, c.failed_leg, t.seq, t.leg, t.id as transfer_id,
       d.name as debit, k.name as credit, s.code as asset, s.scale, t.amount, t.held, t.cap
from ledger.chains c
left join ledger.transfers t on t.seq between c.transfer_first and c.transfer_last
left join ledger.accounts d on d.id = t.debit_account_id
left join ledger.accounts k on k.id = t.credit_account_id
left join ledger.assets s on s.id = d.asset_id;
