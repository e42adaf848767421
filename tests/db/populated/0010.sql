-- One user with everything a user can have.
insert into identity.users (id, institution_id, name, title, password_hash, totp_secret, totp_at, created_at)
values ('019af000-0000-7000-8000-000000000001', 'bank-a', 'wang.li', 'Wang Li', '$argon2id$', '\x00', now(), now());
insert into identity.grants values
    ('bank-a', '019af000-0000-7000-8000-000000000001', 'auditor', 'admin', now());
insert into identity.sessions values
    (sha256('a'), 'bank-a', '019af000-0000-7000-8000-000000000001', 'whole', 'password', now(), now(), now());
insert into identity.invitations values
    (sha256('b'), 'bank-a', '019af000-0000-7000-8000-000000000001', 'admin', now(), now());
insert into identity.recovery_codes values
    ('bank-a', '019af000-0000-7000-8000-000000000001', sha256('c'), now());
insert into identity.tokens (id, institution_id, user_id, digest, label, roles, made_at, ends_at) values
    ('019af000-0000-7000-8000-000000000002', 'bank-a', '019af000-0000-7000-8000-000000000001', sha256('d'),
     'desk', '{auditor}', now(), now());
insert into identity.oidc_attempts values (sha256('e'), 'bank-a', sha256('f'), 'n', 'v', '/', now());
