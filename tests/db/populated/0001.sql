-- One entry with a seal, and a declared table; digests are of the right length only.
insert into journal.entries
    (seq, institution_id, kind, subject, at, salt, body, content, digest, chain)
values (1, 'bank-1', 'sample.noted', 'case-1', '2023-06-30T09:00:00Z', decode(repeat('01', 16), 'hex'),
        '{"amount":"1.50"}', decode(repeat('02', 32), 'hex'), decode(repeat('03', 32), 'hex'),
        decode(repeat('04', 32), 'hex'));
insert into journal.seals (entry_seq, institution_id, table_name, row_key, digest)
values (1, 'bank-1', 'sample.permits', '["permit-1", 1]', decode(repeat('05', 32), 'hex'));
insert into journal.sealed_tables (table_name, key_columns, mutable_columns)
values ('sample.permits', '{id,part}', '{seen}');
update journal.heads set seq = 1, chain = decode(repeat('04', 32), 'hex');
