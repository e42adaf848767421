-- Row-level security: what a reading shows is decided by whose eyes it has, whatever the query forgets.
--
-- It holds for the role of readers that `Database.reading` takes; the owner, which the road writes as, is
-- not under it. That role is made at the start of the web (db/store.py, prepare_readers), because only
-- then somebody has to be able to; without it nobody but the owner reads anything, as before.
-- A table without a policy here shows a reader no row. docs/security.md has the matrix in words.

create schema sight;

-- Whose eyes: set by `Database.reading` for one transaction.
create function sight.institution() returns text language sql stable as $$
    select nullif(current_setting('qianhai.institution', true), '')
$$;
create function sight.is_any(variadic roles text[]) returns boolean language sql stable as $$
    select coalesce(string_to_array(current_setting('qianhai.roles', true), ',') && roles, false)
$$;
create function sight.party() returns text language sql stable as $$
    select case when sight.is_any('party') then nullif(current_setting('qianhai.party', true), '') end
$$;

-- For each table: the roles that see the rows of their own institution, whether supervisors see those of
-- every institution, and what makes a row a party's own.
do $$
declare
    rule record;
begin
    for rule in select * from (values
        ('instructions.instructions', '{bank_officer,approver,policy_author,auditor}', true,
         $own$(parties::jsonb ->> 'subject') = (select sight.party())$own$),
        ('instructions.decisions', '{bank_officer,approver,policy_author,auditor}', true,
         $own$exists (select from instructions.instructions i where i.institution_id = decisions.institution_id
                   and i.id = decisions.instruction_id)$own$),
        ('instructions.packs',
         '{bank_officer,approver,unit_reviewer,programme,policy_author,auditor}', true, 'true'),
        ('instructions.pack_changes', '{approver,programme,policy_author,auditor}', true, null),
        ('instructions.shadow_turns', '{approver,programme,policy_author,auditor}', true, null),
        ('instructions.shadow_decisions', '{approver,policy_author,auditor}', true, null),
        ('instructions.reports', '{bank_officer,approver,auditor}', true, null),
        ('instructions.outbox', '{bank_officer,auditor}', true, null),
        ('registers.parties', '{bank_officer,approver,auditor}', true, 'party = (select sight.party())'),
        ('registers.attributes', '{bank_officer,approver,auditor}', true, 'party = (select sight.party())'),
        ('registers.qualifications', '{bank_officer,approver,auditor}', true, 'party = (select sight.party())'),
        ('registers.records', '{bank_officer,approver,auditor}', true, 'party = (select sight.party())'),
        ('registers.accounts', '{bank_officer,approver,auditor}', true, 'party = (select sight.party())'),
        ('registers.holdings', '{bank_officer,approver,auditor}', true,
         '(select sight.party()) in (owned, owner)'),
        ('registers.consents', '{bank_officer,approver,auditor}', true, 'subject = (select sight.party())'),
        ('registers.authorisations',
         '{bank_officer,approver,unit_reviewer,programme,policy_author,auditor}', true, 'true'),
        ('registers.accesses', '{auditor}', true, '(select sight.party()) = any (subjects)'),
        ('registers.heads', '{bank_officer,approver,auditor}', true, null),
        ('ledger.assets', '{bank_officer,approver,auditor}', true, null),
        ('ledger.accounts', '{bank_officer,approver,auditor}', true, null),
        ('ledger.transfers', '{bank_officer,approver,auditor}', true, null),
        ('ledger.chains', '{bank_officer,approver,auditor}', true, null),
        ('ledger.holds', '{bank_officer,approver,auditor}', true,
         $own$(institution_id, chain_id) in (select institution_id, chain_id from instructions.instructions)$own$),
        ('ledger.chains_first_form', '{auditor}', true, null),
        ('ledger.transfers_first_form', '{auditor}', true, null),
        ('journal.entries', '{auditor}', true, null),
        ('journal.seals', '{auditor}', true, null),
        ('identity.users', '{administrator,auditor}', false, null),
        ('identity.grants', '{administrator,auditor}', false, null)
    ) as r (table_name, roles, is_supervised, own) loop
        execute format('alter table %s enable row level security', rule.table_name);
        execute format(
            'create policy sight on %s for select using ('
            '(institution_id = (select sight.institution())'
            ' and (select sight.is_any(variadic %L::text[])))', rule.table_name, rule.roles)
            || case when rule.is_supervised then ' or (select sight.is_any(''supervisor''))' else '' end
            || case when rule.own is null then '' else
                 ' or (institution_id = (select sight.institution())'
                 ' and (select sight.party()) is not null and (' || rule.own || '))' end
            || ')';
    end loop;
end
$$;

-- Rows that belong to no institution: the heads of the chains and what is sealed by them. Hashes and
-- counters, which tell nothing of anybody.
do $$
declare
    name text;
begin
    foreach name in array '{journal.heads,journal.sealed_tables,ledger.heads,ledger.batches}'::text[] loop
        execute format('alter table %s enable row level security', name);
        execute format('create policy sight on %s for select using (true)', name);
    end loop;
    -- Nobody reads these by the role of readers.
    foreach name in array '{registers.subject_keys,identity.sessions,identity.invitations,
        identity.recovery_codes,identity.tokens,identity.oidc_attempts,public.schema_migrations}'::text[] loop
        execute format('alter table %s enable row level security', name);
    end loop;
    -- A view shows what the tables under it show to whoever asks, not to who made it.
    for name in
        select format('%I.%I', n.nspname, c.relname) from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where c.relkind = 'v' and n.nspname in ('journal', 'registers', 'ledger', 'instructions')
    loop
        execute format('alter view %s set (security_invoker = true)', name);
    end loop;
end
$$;

-- What a party sees of the ledger. A row of transfers has the balances of both ends, and a balance needs
-- transfers the party must not see, so these run as the owner and let through the party's own alone.
create function ledger.own_balances() returns setof ledger.balances
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select * from ledger.balances
    where institution_id = sight.institution() and holder = sight.party()
$$;
create function ledger.own_statement(account text) returns setof ledger.statements
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select s.* from ledger.accounts a
    join ledger.statements s on s.institution_id = a.institution_id and s.account = a.name
    where a.institution_id = sight.institution() and a.holder = sight.party()
    and a.name = own_statement.account
$$;
revoke execute on function ledger.own_balances(), ledger.own_statement(text) from public;
