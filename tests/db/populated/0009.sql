-- One record and its correction.
insert into instructions.reports
    (institution_id, instruction_id, kind, version, period, fields, created_at, actor, reason, salt)
values ('bank-1', 'instruction-1', 'sample', 1, '2023-06', '{}', '2023-06-30T09:00:00Z', null, null,
        decode(repeat('06', 16), 'hex')),
       ('bank-1', 'instruction-1', 'sample', 2, '2023-06', '{}', '2023-07-01T09:00:00Z', 'lin', 'code',
        decode(repeat('07', 16), 'hex'));
