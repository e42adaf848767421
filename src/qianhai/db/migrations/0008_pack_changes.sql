-- A change of the pack with proof, step by step, and the candidate that is judged beside the live pack.
--
-- Every row is sealed by the journal; nothing here changes afterwards. What a change may come to, and
-- that nobody approves what they proposed, is held here as well as by the program.

create table instructions.pack_changes (
    institution_id text not null,
    change integer not null,
    step integer not null,
    kind text not null,
    at timestamptz not null,
    actor text not null,
    pack_hash text not null,
    base_hash text not null,
    why text not null,
    first_day date,
    result text,
    salt bytea not null,
    schema_version smallint not null default 1,
    primary key (institution_id, change, step),
    foreign key (institution_id, pack_hash) references instructions.packs (institution_id, hash),
    foreign key (institution_id, base_hash) references instructions.packs (institution_id, hash),
    constraint pack_changes_are_numbered check (change > 0 and step > 0),
    constraint pack_changes_kind_is_known check (
        kind in ('proposed', 'replayed', 'approved', 'rejected', 'activated', 'revoked')
    ),
    constraint pack_changes_are_somebodys check (btrim(actor) <> ''),
    constraint pack_changes_are_active_from_a_day check ((kind = 'activated') = (first_day is not null)),
    constraint pack_changes_replays_have_a_result check ((kind = 'replayed') = (result is not null))
);

-- Refuses a step that the steps before it do not allow.
create function instructions.check_pack_change() returns trigger language plpgsql as $$
declare
    proposal instructions.pack_changes;
    taken text[];
    ended text;
begin
    select * into proposal from instructions.pack_changes
        where institution_id = new.institution_id and change = new.change and step = 1;
    select coalesce(array_agg(kind order by step), '{}') into taken from instructions.pack_changes
        where institution_id = new.institution_id and change = new.change;
    select kind into ended from instructions.pack_changes
        where institution_id = new.institution_id and change = new.change
            and kind in ('activated', 'revoked')
        order by step desc limit 1;
    if new.step <> cardinality(taken) + 1 or (new.kind = 'proposed') <> (new.step = 1) then
        raise exception 'change % has % steps; % cannot be its step %',
            new.change, cardinality(taken), new.kind, new.step using errcode = 'check_violation';
    end if;
    if new.step = 1 then
        return new;
    end if;
    if (new.pack_hash, new.base_hash) is distinct from (proposal.pack_hash, proposal.base_hash) then
        raise exception 'change % is about another pack', new.change using errcode = 'check_violation';
    end if;
    if new.kind in ('replayed', 'approved', 'rejected') and taken && '{approved,rejected}'::text[] then
        raise exception 'change % is decided already', new.change using errcode = 'check_violation';
    end if;
    if new.kind = 'approved' and lower(btrim(new.actor)) = lower(btrim(proposal.actor)) then
        raise exception 'change % cannot be approved by who proposed it', new.change
            using errcode = 'check_violation';
    end if;
    if new.kind = 'approved' and not 'replayed' = any(taken) then
        raise exception 'change % was not replayed', new.change using errcode = 'check_violation';
    end if;
    if new.kind = 'activated' and (not 'approved' = any(taken) or ended = 'activated') then
        raise exception 'change % is not approved, or active already', new.change
            using errcode = 'check_violation';
    end if;
    if new.kind = 'revoked' and ended is distinct from 'activated' then
        raise exception 'change % is not active', new.change using errcode = 'check_violation';
    end if;
    return new;
end
$$;
create trigger pack_changes_go_step_by_step before insert on instructions.pack_changes
    for each row execute function instructions.check_pack_change();

-- Which candidate is judged beside the live pack, and until when; the last row stands.
create table instructions.shadow_turns (
    institution_id text not null,
    number integer not null,
    kind text not null,
    at timestamptz not null,
    actor text not null,
    pack_hash text not null,
    salt bytea not null,
    schema_version smallint not null default 1,
    primary key (institution_id, number),
    foreign key (institution_id, pack_hash) references instructions.packs (institution_id, hash),
    constraint shadow_turns_are_numbered check (number > 0),
    constraint shadow_turns_kind_is_known check (kind in ('started', 'stopped'))
);

-- What the candidate would have answered to the same facts. `explained` says what went wrong where
-- it could not say.
create table instructions.shadow_decisions (
    institution_id text not null,
    instruction_id text not null,
    turn integer not null,
    pack_hash text not null,
    decided_at timestamptz not null,
    outcome text not null,
    answers text not null,
    explained text not null,
    salt bytea not null,
    schema_version smallint not null default 1,
    primary key (institution_id, instruction_id),
    foreign key (institution_id, instruction_id)
        references instructions.instructions (institution_id, id),
    foreign key (institution_id, turn) references instructions.shadow_turns (institution_id, number),
    constraint shadow_decisions_outcome_is_known check (
        outcome in ('refused', 'referred', 'register_first', 'ordinary', 'permitted', 'incomplete',
                    'unjudged', 'error')
    )
);
create index shadow_decisions_by_turn on instructions.shadow_decisions (institution_id, turn);

insert into journal.sealed_tables (table_name, key_columns, mutable_columns) values
    ('instructions.pack_changes', '{institution_id,change,step}', '{}'),
    ('instructions.shadow_turns', '{institution_id,number}', '{}'),
    ('instructions.shadow_decisions', '{institution_id,instruction_id}', '{}');

create trigger pack_changes_are_append_only before update or delete or truncate
    on instructions.pack_changes for each statement execute function journal.refuse_change();
create trigger shadow_turns_are_append_only before update or delete or truncate
    on instructions.shadow_turns for each statement execute function journal.refuse_change();
create trigger shadow_decisions_are_append_only before update or delete or truncate
    on instructions.shadow_decisions for each statement execute function journal.refuse_change();
