-- A day in the columns of the second form: a leg that had no room beside one that had, in a month of
-- its own, and a refused chain that keeps what it was refused on.
select ledger.open_partition('2023-07-15 09:00:00+00', 3, true);
insert into ledger.chains
    (seq, institution_id, id, kind, value_on, posted_at, result, transfer_first, transfer_last,
     of_id, expires_at, failed_leg, asked, amounts, available, used, salt, content, row_check)
values (3, 'bank-1', '00000000-0000-8000-8000-000000000003', 1, '2023-07-15',
        '2023-07-15 09:00:00+00', 0, 3, 4, null, '2023-08-15 09:00:00+00', null, null, null, null,
        null, null, null, 31),
       (4, 'bank-1', '00000000-0000-8000-8000-000000000004', 2, '2023-07-15',
        '2023-07-15 09:00:00+00', 6, null, null, '00000000-0000-8000-8000-000000000003', null, 0,
        '{}', '{}', '{}', '{}', decode(repeat('01', 16), 'hex'), decode(repeat('0c', 32), 'hex'),
        32);
insert into ledger.transfers
    (id, seq, institution_id, chain_id, leg, kind, value_on, debit_account_id, credit_account_id,
     amount, held, cap, spilled, debit_balance, debit_pending, credit_balance, credit_pending,
     row_check)
values (ledger.transfer_id('2023-07-15 09:00:00+00', 3), 3, 'bank-1',
        '00000000-0000-8000-8000-000000000003', 0, 1, '2023-07-15', 1, 2, 0, 0, 0, 7, 0, 0, 0, 0, 33),
       (ledger.transfer_id('2023-07-15 09:00:00+00', 4), 4, 'bank-1',
        '00000000-0000-8000-8000-000000000003', 1, 1, '2023-07-15', 1, 2, 0, 7, null, null, 0, 7, 0,
        7, 34);
insert into ledger.holds (chain_seq, institution_id, chain_id, expires_at)
values (3, 'bank-1', '00000000-0000-8000-8000-000000000003', '2023-08-15 09:00:00+00');
insert into ledger.batches
    (number, posted_at, asset_last, account_last, chain_last, transfer_last, schema_version,
     chains_digest, transfers_digest, hash)
values (2, '2023-07-15 09:00:00+00', 1, 2, 4, 4, 2, decode(repeat('0d', 32), 'hex'),
        decode(repeat('0e', 32), 'hex'), decode(repeat('0f', 32), 'hex'));
update ledger.accounts set pending_out = 7, last_seq = 4 where id = 1;
update ledger.accounts set pending_in = 7, last_seq = 4 where id = 2;
update ledger.heads
set (number, posted_at, chain_last, transfer_last, schema_version, chains_digest, transfers_digest,
     hash, settled)
  = (2, '2023-07-15 09:00:00+00', 4, 4, 2, decode(repeat('0d', 32), 'hex'),
     decode(repeat('0e', 32), 'hex'), decode(repeat('0f', 32), 'hex'), 4);
