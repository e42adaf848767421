-- One change proposed and replayed, and one candidate judged beside the pack of 0004.
insert into instructions.pack_changes
    (institution_id, change, step, kind, at, actor, pack_hash, base_hash, why, result, salt)
values ('bank-1', 1, 1, 'proposed', '2023-07-01T09:00:00Z', 'one', 'pack-1', 'pack-1', 'a sample',
        null, decode(repeat('06', 16), 'hex')),
       ('bank-1', 1, 2, 'replayed', '2023-07-01T10:00:00Z', 'one', 'pack-1', 'pack-1', '',
        '{}', decode(repeat('07', 16), 'hex'));
insert into instructions.shadow_turns (institution_id, number, kind, at, actor, pack_hash, salt)
values ('bank-1', 1, 'started', '2023-07-01T09:00:00Z', 'one', 'pack-1',
        decode(repeat('08', 16), 'hex'));
insert into instructions.shadow_decisions
    (institution_id, instruction_id, turn, pack_hash, decided_at, outcome, answers, explained, salt)
values ('bank-1', 'instruction-1', 1, 'pack-1', '2023-07-01T09:00:00Z', 'permitted', 'tf', '{}',
        decode(repeat('09', 16), 'hex'));
