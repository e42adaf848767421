insert into webhooks.subscriptions (id, institution_id, owner, url, events, secret, made_at)
values ('0190a6c4-0000-7000-8000-00000000000a', 'bank-a', 'wang.li', 'https://hooks.example.com/x',
        '{decision.made}', '\x00', '2026-03-02 01:00:00+00');
insert into webhooks.cursors (institution_id, seq) values ('bank-a', 1);
insert into webhooks.deliveries (id, institution_id, subscription_id, event_id, event, body, made_at, next_at)
values ('0190a6c4-0000-7000-8000-00000000000b', 'bank-a', '0190a6c4-0000-7000-8000-00000000000a',
        '0190a6c4-0000-7000-8000-00000000000c', 'decision.made', '{}', '2026-03-02 01:00:00+00',
        '2026-03-02 01:00:00+00');
insert into instructions.idempotency_keys
    (institution_id, sender, key, instruction_id, content_hash, first_at)
values ('bank-a', 'wang.li', 'key-1', 'A-1', sha256('a'), '2026-03-02 01:00:00+00');
