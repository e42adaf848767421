-- One instruction, decided under one pack, with one message waiting.
insert into instructions.packs (institution_id, hash, version, files, first_used_at, salt)
values ('bank-1', 'pack-1', '2023.6', decode('00ff', 'hex'), '2023-06-30T09:00:00Z',
        decode(repeat('01', 16), 'hex'));
insert into instructions.instructions
    (institution_id, id, content_hash, facility, action, root, value_on, received_at, chain_id,
     parties, facts, salt)
values ('bank-1', 'instruction-1', decode(repeat('02', 32), 'hex'), 'sample', 'draw',
        'instruction-1', '2023-06-30', '2023-06-30T09:00:00Z',
        '01890999-7800-7000-8000-000000000001', '{}', '{}', decode(repeat('03', 16), 'hex'));
insert into instructions.decisions
    (institution_id, instruction_id, decided_at, known_at, outcome, clause, pack_hash, facts,
     answers, explained, ledger_result, ledger_seq, draws, salt)
values ('bank-1', 'instruction-1', '2023-06-30T09:00:00Z', '2023-06-30T09:00:00Z', 'permitted',
        '1a', 'pack-1', '{}', 'tf', '{}', 'posted', 1, '[]', decode(repeat('04', 16), 'hex'));
insert into instructions.outbox
    (institution_id, id, instruction_id, kind, name, payload, created_at, salt)
values ('bank-1', '01890999-7800-7000-8000-000000000002', 'instruction-1', 'sample', 'one',
        '{}', '2023-06-30T09:00:00Z', decode(repeat('05', 16), 'hex'));
