-- One row of each table of the ledger: a posted hold, voided; digests are of the right length only.
insert into ledger.assets (id, institution_id, code, scale, kind, registered_by, salt, digest)
values (1, 'bank-1', 'CNY', 2, 'currency', 1, decode(repeat('01', 16), 'hex'), decode(repeat('02', 32), 'hex'));
insert into ledger.accounts
    (id, institution_id, name, asset_id, kind, holder, floor, ceiling, opened_by, salt, digest,
     balance, pending_in, pending_out, cap_seen, closed_by)
values (1, 'bank-1', 'nostro', 1, 'nostro', 'bank-1', null, null, 1, decode(repeat('01', 16), 'hex'),
        decode(repeat('03', 32), 'hex'), 0, 0, 0, null, null),
       (2, 'bank-1', 'settlement:party-7', 1, 'settlement', 'party-7', 0, 900, 1,
        decode(repeat('01', 16), 'hex'), decode(repeat('04', 32), 'hex'), 0, 0, 0, 500, null);
insert into ledger.chains
    (seq, institution_id, id, kind, of_id, value_on, expires_at, posted_at, result, failed_leg,
     asked, amounts, available, used, closed, transfer_first, transfer_last, content, salt, digest)
values (1, 'bank-1', '00000000-0000-8000-8000-000000000001', 'hold', null, '2023-06-30',
        '2023-07-01 00:00:00+00', '2023-06-30 09:00:00+00', 'posted', null, '{100}', '{100}', '{0}',
        '{0}', '{}', 1, 1, decode(repeat('05', 32), 'hex'), decode(repeat('01', 16), 'hex'),
        decode(repeat('06', 32), 'hex')),
       (2, 'bank-1', '00000000-0000-8000-8000-000000000002', 'void',
        '00000000-0000-8000-8000-000000000001', '2023-06-30', null, '2023-06-30 09:00:00+00',
        'posted', null, '{0}', '{0}', '{-100}', '{100}', '{}', 2, 2, decode(repeat('07', 32), 'hex'),
        decode(repeat('01', 16), 'hex'), decode(repeat('08', 32), 'hex'));
insert into ledger.transfers
    (seq, institution_id, chain_seq, leg, debit_account_id, credit_account_id, amount, held, cap,
     debit_balance, debit_pending, credit_balance, credit_pending, salt, digest)
values (1, 'bank-1', 1, 0, 1, 2, 0, 100, 500, 0, 100, 0, 100, decode(repeat('01', 16), 'hex'),
        decode(repeat('09', 32), 'hex')),
       (2, 'bank-1', 2, 0, 1, 2, 0, -100, null, 0, 0, 0, 0, decode(repeat('01', 16), 'hex'),
        decode(repeat('0a', 32), 'hex'));
insert into ledger.holds (chain_seq, institution_id, expires_at, resolved_by)
values (1, 'bank-1', '2023-07-01 00:00:00+00', 2);
insert into ledger.batches
    (number, posted_at, asset_last, account_last, chain_last, transfer_last, hash)
values (1, '2023-06-30 09:00:00+00', 1, 2, 2, 2, decode(repeat('0b', 32), 'hex'));
update ledger.heads set (number, posted_at, asset_last, account_last, chain_last, transfer_last, hash)
    = (1, '2023-06-30 09:00:00+00', 1, 2, 2, 2, decode(repeat('0b', 32), 'hex'));
