-- Who may come in: users, their roles, what proves them, and the visits under way.
--
-- Of every secret only a digest rests here, but for the second factor's, which rests encrypted under
-- the master key. What was done (signed in, refused, granted, withdrawn) is in the journal; these rows
-- are how things stand now.

create schema identity;

create table identity.users (
    id uuid primary key,
    institution_id text not null,
    name text not null,
    title text not null,
    party text,
    language text,
    password_hash text,
    password_at timestamptz,
    totp_secret bytea,
    totp_at timestamptz,
    totp_step bigint,
    issuer text,
    subject text,
    failures integer not null default 0,
    failed_at timestamptz,
    created_at timestamptz not null,
    closed_at timestamptz,
    schema_version smallint not null default 1,
    constraint users_have_a_plain_name check (name ~ '^[a-z0-9][a-z0-9._@-]{1,62}$'),
    constraint users_of_a_provider_are_whole check ((issuer is null) = (subject is null)),
    constraint users_failures_are_counted check (failures >= 0)
);
create unique index users_name_is_unique on identity.users (institution_id, name);
create unique index users_of_a_provider on identity.users (institution_id, issuer, subject);

create table identity.grants (
    institution_id text not null,
    user_id uuid not null references identity.users (id),
    role text not null,
    granted_by text not null,
    granted_at timestamptz not null,
    schema_version smallint not null default 1,
    primary key (user_id, role),
    constraint grants_role_is_known check (
        role in ('bank_officer', 'approver', 'party', 'unit_reviewer', 'supervisor', 'programme',
                 'policy_author', 'auditor', 'administrator')
    )
);

-- `stage` tells a visit whose second factor is still owed from one that is whole.
create table identity.sessions (
    digest bytea primary key,
    institution_id text not null,
    user_id uuid not null references identity.users (id),
    stage text not null,
    way text not null,
    began_at timestamptz not null,
    seen_at timestamptz not null,
    ends_at timestamptz not null,
    schema_version smallint not null default 1,
    constraint sessions_stage_is_known check (stage in ('half', 'whole')),
    constraint sessions_digest_is_sha256 check (octet_length(digest) = 32)
);
create index sessions_by_user on identity.sessions (user_id);

-- A link that lets its holder choose a password, once.
create table identity.invitations (
    digest bytea primary key,
    institution_id text not null,
    user_id uuid not null references identity.users (id),
    made_by text not null,
    made_at timestamptz not null,
    ends_at timestamptz not null,
    schema_version smallint not null default 1,
    constraint invitations_digest_is_sha256 check (octet_length(digest) = 32)
);
create unique index invitations_one_a_user on identity.invitations (user_id);

create table identity.recovery_codes (
    institution_id text not null,
    user_id uuid not null references identity.users (id),
    digest bytea not null,
    made_at timestamptz not null,
    schema_version smallint not null default 1,
    primary key (user_id, digest),
    constraint recovery_codes_digest_is_sha256 check (octet_length(digest) = 32)
);

create table identity.tokens (
    id uuid primary key,
    institution_id text not null,
    user_id uuid not null references identity.users (id),
    digest bytea not null unique,
    label text not null,
    roles text[] not null,
    made_at timestamptz not null,
    ends_at timestamptz not null,
    seen_at timestamptz,
    revoked_at timestamptz,
    schema_version smallint not null default 1,
    constraint tokens_digest_is_sha256 check (octet_length(digest) = 32),
    constraint tokens_have_roles check (cardinality(roles) > 0)
);
create index tokens_by_user on identity.tokens (user_id);

-- A visit to the provider under way: what its answer must carry, for the browser that asked.
create table identity.oidc_attempts (
    state_digest bytea primary key,
    institution_id text not null,
    browser_digest bytea not null,
    nonce text not null,
    verifier text not null,
    then_to text not null,
    ends_at timestamptz not null,
    schema_version smallint not null default 1,
    constraint oidc_attempts_digests_are_sha256 check (
        octet_length(state_digest) = 32 and octet_length(browser_digest) = 32)
);
