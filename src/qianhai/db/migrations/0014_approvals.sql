-- Four eyes on business: what a threshold sends to a second person, step by step, and the files of business
-- that were taken in.
--
-- Every step and threshold is sealed by the journal and never changes. That nobody approves what they
-- submitted is held here as well as by the program.

-- Up to which amount of a currency one person suffices, from a day on; no amount: every one waits again.
create table instructions.thresholds (
    institution_id text not null,
    number integer not null,
    currency text not null,
    amount_minor bigint,
    first_day date not null,
    at timestamptz not null,
    actor text not null,
    salt bytea not null,
    schema_version smallint not null default 1,
    primary key (institution_id, number),
    constraint thresholds_are_numbered check (number > 0),
    constraint thresholds_currency_is_a_code check (currency ~ '^[A-Z]{3,4}$'),
    constraint thresholds_are_not_negative check (amount_minor >= 0),
    constraint thresholds_are_somebodys check (btrim(actor) <> '')
);

-- `content` and `explained` of a business about a natural person rest encrypted under that person's key.
-- `answer` is what the road answered dry at that step; an empty one says that it was not asked.
create table instructions.approvals (
    institution_id text not null,
    instruction_id text not null,
    step integer not null,
    kind text not null,
    at timestamptz not null,
    actor text not null,
    facility text not null,
    subject text not null,
    content_hash bytea not null,
    content text not null,
    outcome text not null,
    answer text not null,
    explained text not null,
    why text not null,
    salt bytea not null,
    schema_version smallint not null default 1,
    primary key (institution_id, instruction_id, step),
    constraint approvals_are_numbered check (step > 0),
    constraint approvals_kind_is_known check (kind in ('submitted', 'approved', 'rejected', 'withdrawn')),
    constraint approvals_are_somebodys check (btrim(actor) <> ''),
    constraint approvals_hash_is_sha256 check (octet_length(content_hash) = 32),
    constraint approvals_rejections_say_why check (kind <> 'rejected' or btrim(why) <> '')
);
create index approvals_by_time on instructions.approvals (institution_id, at);

-- Refuses a step that the steps before it do not allow.
create function instructions.check_approval() returns trigger language plpgsql as $$
declare
    first instructions.approvals;
    taken integer;
begin
    select * into first from instructions.approvals
        where institution_id = new.institution_id and instruction_id = new.instruction_id and step = 1;
    select count(*) into taken from instructions.approvals
        where institution_id = new.institution_id and instruction_id = new.instruction_id;
    if new.step <> taken + 1 or (new.kind = 'submitted') <> (new.step = 1) or new.step > 2 then
        raise exception 'instruction % has % steps; % cannot be its step %',
            new.instruction_id, taken, new.kind, new.step using errcode = 'check_violation';
    end if;
    if new.step = 2 and new.content_hash is distinct from first.content_hash then
        raise exception 'instruction % waits with other content', new.instruction_id
            using errcode = 'check_violation';
    end if;
    if new.kind in ('approved', 'rejected') and lower(btrim(new.actor)) = lower(btrim(first.actor)) then
        raise exception 'instruction % cannot be decided on by who submitted it', new.instruction_id
            using errcode = 'check_violation';
    end if;
    if new.kind = 'withdrawn' and lower(btrim(new.actor)) <> lower(btrim(first.actor)) then
        raise exception 'instruction % is withdrawn by who submitted it alone', new.instruction_id
            using errcode = 'check_violation';
    end if;
    return new;
end
$$;
create trigger approvals_go_step_by_step before insert on instructions.approvals
    for each row execute function instructions.check_approval();

-- A file, or one instruction keyed in, that was taken in whole; `summary` holds counts and sums alone.
create table instructions.runs (
    institution_id text not null,
    id uuid not null,
    title text not null,
    actor text not null,
    began_at timestamptz not null,
    ended_at timestamptz not null,
    summary text not null,
    salt bytea not null,
    schema_version smallint not null default 1,
    primary key (institution_id, id),
    constraint runs_are_somebodys check (btrim(actor) <> '')
);

-- Which instructions a run was about, in the order of its file, and what the run did with each.
create table instructions.run_lines (
    institution_id text not null,
    run uuid not null,
    number integer not null,
    instruction_id text not null,
    file text not null,
    line integer,
    state text not null,
    schema_version smallint not null default 1,
    primary key (institution_id, run, number),
    constraint run_lines_state_is_known check (state in ('answered', 'repeated', 'waiting'))
);
create index run_lines_by_instruction on instructions.run_lines (institution_id, instruction_id);

-- Who sees what waits: those who send and decide, and who looks on; an administrator sees the thresholds.
do $$
declare
    rule record;
begin
    for rule in select * from (values
        ('instructions.thresholds', '{bank_officer,approver,auditor,administrator}'),
        ('instructions.approvals', '{bank_officer,approver,auditor}'),
        ('instructions.runs', '{bank_officer,approver,auditor}'),
        ('instructions.run_lines', '{bank_officer,approver,auditor}')
    ) as r (table_name, roles) loop
        execute format('alter table %s enable row level security', rule.table_name);
        execute format(
            'create policy sight on %s for select using (institution_id = (select sight.institution())'
            ' and (select sight.is_any(variadic %L::text[])) or (select sight.is_any(''supervisor'')))',
            rule.table_name, rule.roles);
    end loop;
end
$$;

insert into journal.sealed_tables (table_name, key_columns, mutable_columns) values
    ('instructions.thresholds', '{institution_id,number}', '{}'),
    ('instructions.approvals', '{institution_id,instruction_id,step}', '{}'),
    ('instructions.runs', '{institution_id,id}', '{}');

create trigger thresholds_are_append_only before update or delete or truncate
    on instructions.thresholds for each statement execute function journal.refuse_change();
create trigger approvals_are_append_only before update or delete or truncate
    on instructions.approvals for each statement execute function journal.refuse_change();
create trigger runs_are_append_only before update or delete or truncate
    on instructions.runs for each statement execute function journal.refuse_change();
create trigger run_lines_are_append_only before update or delete or truncate
    on instructions.run_lines for each statement execute function journal.refuse_change();
