insert into registers.master_keys (institution_id, fingerprint, taken_at, taken_by) values ('bank-1', repeat('a', 32), '2026-01-01T00:00:00Z', 'cli');
