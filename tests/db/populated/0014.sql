-- A threshold, an instruction that waited and was approved, and the run that brought it.
insert into instructions.thresholds
    (institution_id, number, currency, amount_minor, first_day, at, actor, salt)
values ('bank-1', 1, 'CNY', 100000, '2023-06-30', '2023-06-30T09:00:00Z', 'wen', decode(repeat('08', 16), 'hex'));
insert into instructions.approvals
    (institution_id, instruction_id, step, kind, at, actor, facility, subject, content_hash, content, outcome,
     answer, explained, why, salt)
values ('bank-1', 'instruction-9', 1, 'submitted', '2023-06-30T09:00:00Z', 'lin', 'sample', '',
        decode(repeat('09', 32), 'hex'), '{}', 'permitted', 'x', '{}', '', decode(repeat('09', 16), 'hex')),
       ('bank-1', 'instruction-9', 2, 'approved', '2023-06-30T09:05:00Z', 'wen', 'sample', '',
        decode(repeat('09', 32), 'hex'), '', 'permitted', 'x', '', '', decode(repeat('0a', 16), 'hex'));
insert into instructions.runs (institution_id, id, title, actor, began_at, ended_at, summary, salt)
values ('bank-1', '01890999-7800-7000-8000-000000000001', 'day.csv', 'lin', '2023-06-30T09:00:00Z',
        '2023-06-30T09:00:01Z', '{}', decode(repeat('0b', 16), 'hex'));
insert into instructions.run_lines (institution_id, run, number, instruction_id, file, line, state)
values ('bank-1', '01890999-7800-7000-8000-000000000001', 1, 'instruction-9', 'day.csv', 2, 'waiting');
