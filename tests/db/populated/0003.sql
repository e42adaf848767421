-- One row of each register, as version 1 of the schema wrote them.
insert into registers.heads (institution_id, known_since)
values ('bank-1', '2023-06-01 04:00:00+00');
insert into registers.subject_keys (id, institution_id, subject, created_at, salt, wrapped)
values ('00000000-0000-8000-8000-000000000001', 'bank-1', 'chan', '2023-06-01 04:00:00+00',
        '\x000102030405060708090a0b0c0d0e0f', '\xaa');
insert into registers.parties
    (id, institution_id, since, until, evidence, retracted, known_since, content, salt,
     party, type, jurisdiction, area, name, name_en, identifiers, key_id, personal, blind_index)
values
    ('00000000-0000-8000-8000-000000000002', 'bank-1', '2020-01-01', null, 'licence', false,
     '2023-06-01 04:00:00+00', '\x01', '\x02', 'firm', 'enterprise', 'CN', 'original',
     '示例公司', 'Example Ltd', '{"uscc": "91440300708461136T"}', null, null, array['\x03'::bytea]),
    ('00000000-0000-8000-8000-000000000003', 'bank-1', '2020-01-01', '2030-12-31', '', false,
     '2023-06-01 04:00:00+00', '\x01', '\x02', 'chan', 'person', 'HK', null,
     null, null, null, '00000000-0000-8000-8000-000000000001', '\x04', null);
insert into registers.attributes
    (id, institution_id, since, evidence, retracted, known_since, content, salt,
     party, name, value, currency)
values ('00000000-0000-8000-8000-000000000004', 'bank-1', '2020-01-01', '', false,
        '2023-06-01 04:00:00+00', '\x01', '\x02', 'firm', 'equity', '10.00', 'CNY');
insert into registers.qualifications
    (id, institution_id, since, evidence, retracted, known_since, content, salt, party, name)
values ('00000000-0000-8000-8000-000000000005', 'bank-1', '2020-01-01', 'list', true,
        '2023-06-01 04:00:00+00', '\x01', '\x02', 'firm', 'quality_enterprise');
insert into registers.holdings
    (id, institution_id, since, evidence, retracted, known_since, content, salt,
     owned, owner, share)
values ('00000000-0000-8000-8000-000000000006', 'bank-1', '2020-01-01', '', false,
        '2023-06-01 04:00:00+00', '\x01', '\x02', 'firm', 'chan', '1/3');
insert into registers.accounts
    (id, institution_id, since, evidence, retracted, known_since, content, salt,
     number, party, bank, currency, kind, opening_minor)
values ('00000000-0000-8000-8000-000000000007', 'bank-1', '2020-01-01', '', false,
        '2023-06-01 04:00:00+00', '\x01', '\x02', '6222000', 'firm', 'bank-1', 'CNY',
        'settlement', 1000);
insert into registers.records
    (id, institution_id, since, evidence, retracted, known_since, content, salt,
     kind, record, party, attributes)
values ('00000000-0000-8000-8000-000000000008', 'bank-1', '2020-01-01', '', false,
        '2023-06-01 04:00:00+00', '\x01', '\x02', 'lease', 'l-1', 'firm',
        '{"rent": ["3.00", "USD"], "asset": ["crane", null]}');
insert into registers.authorisations
    (id, institution_id, since, evidence, retracted, known_since, content, salt,
     clause, status, instrument, number, issued_by, through)
values ('00000000-0000-8000-8000-000000000009', 'bank-1', '2020-01-01', '', false,
        '2023-06-01 04:00:00+00', '\x01', '\x02', '1a', 'pilot', 'notice', '7', 'authority',
        'rule');
insert into registers.consents
    (id, institution_id, since, evidence, retracted, known_since, content, salt,
     subject, purpose, scope, granted_at, withdrawn_at)
values ('00000000-0000-8000-8000-00000000000a', 'bank-1', '2020-01-01', '', false,
        '2023-06-01 04:00:00+00', '\x01', '\x02', 'chan', 'credit', 'report',
        '2020-01-01 01:00:00+00', '2023-05-01 01:00:00+00');
insert into registers.accesses
    (id, institution_id, subjects, purpose, read_by, at, salt)
values ('00000000-0000-8000-8000-00000000000b', 'bank-1', array['chan'], 'notice', 'officer-1',
        '2023-06-02 04:00:00+00', '\x02');
