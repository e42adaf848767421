-- The regulatory records of permitted business: one row a version, the first in the commit of the decision.
--
-- A record waits to leave by itself, so the outbox keeps alerts alone; the reports that wait in it from before
-- stay there as they are. A correction is a new version with who, when and why. `fields` and `reason` of a
-- person's business rest under that person's key. `period` is that of the return the record belongs to. There is
-- no foreign key to the instruction: a column writes both at once, and every return proves that each record
-- has its permission.

create table instructions.reports (
    institution_id text not null,
    instruction_id text not null,
    kind text not null,
    version integer not null,
    period text not null,
    fields text not null,
    created_at timestamptz not null,
    actor text,
    reason text,
    sent_at timestamptz,
    attempts integer not null default 0,
    salt bytea not null,
    schema_version smallint not null default 1,
    block uuid,
    primary key (institution_id, instruction_id, kind, version),
    constraint reports_are_numbered check (version > 0),
    constraint reports_corrections_say_who_and_why check (
        (version = 1) = (actor is null) and (version = 1) = (reason is null) and btrim(actor) <> '')
);
create index reports_waiting on instructions.reports (created_at) where sent_at is null;
create index reports_by_block on instructions.reports (block) where block is not null;
-- Business of a period is booked together, so a few pages tell where it lies.
create index reports_by_period on instructions.reports using brin (period) with (pages_per_range = 32);

-- Refuses a version that does not follow the one before it.
create function instructions.check_report_version() returns trigger language plpgsql as $$
begin
    if not exists (
        select from instructions.reports where institution_id = new.institution_id
        and instruction_id = new.instruction_id and kind = new.kind and version = new.version - 1
        and period = new.period
    ) then
        raise exception 'report % of % has no version % to correct',
            new.kind, new.instruction_id, new.version - 1 using errcode = 'check_violation';
    end if;
    return new;
end
$$;
create trigger reports_follow_each_other before insert on instructions.reports
    for each row when (new.version > 1) execute function instructions.check_report_version();

insert into journal.sealed_tables (table_name, key_columns, mutable_columns, block_columns) values
    ('instructions.reports', '{institution_id,instruction_id,kind,version}', '{sent_at,attempts}',
     '{institution_id,instruction_id,kind,version,period,fields,created_at,actor,reason,salt,schema_version,block}');

create trigger reports_keep_their_rows before delete or truncate or update of
    institution_id, instruction_id, kind, version, period, fields, created_at, actor, reason, salt, schema_version, block
    on instructions.reports for each statement execute function journal.refuse_change();
