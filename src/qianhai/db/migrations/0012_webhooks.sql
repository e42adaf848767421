-- Programs that are told, and programs that repeat themselves.
--
-- A subscription's secret rests encrypted under the master key. A delivery is one event for one
-- subscription: it is tried with growing delays until it is taken or its attempts are used up.

create schema webhooks;

create table webhooks.subscriptions (
    id uuid primary key,
    institution_id text not null,
    owner text not null,
    url text not null,
    events text[] not null,
    secret bytea not null,
    made_at timestamptz not null,
    ended_at timestamptz,
    schema_version smallint not null default 1,
    constraint subscriptions_want_something check (cardinality(events) > 0)
);
create index subscriptions_by_owner on webhooks.subscriptions (institution_id, owner);

-- How far in the journal the events of an institution have been told.
create table webhooks.cursors (
    institution_id text primary key,
    seq bigint not null,
    schema_version smallint not null default 1
);

create table webhooks.deliveries (
    id uuid primary key,
    institution_id text not null,
    subscription_id uuid not null references webhooks.subscriptions (id),
    event_id uuid not null,
    event text not null,
    body text not null,
    made_at timestamptz not null,
    attempts integer not null default 0,
    next_at timestamptz not null,
    delivered_at timestamptz,
    dead_at timestamptz,
    status integer,
    said text,
    schema_version smallint not null default 1,
    constraint deliveries_attempts_are_counted check (attempts >= 0),
    constraint deliveries_end_once check (delivered_at is null or dead_at is null)
);
create unique index deliveries_once_a_subscription on webhooks.deliveries (subscription_id, event_id);
create index deliveries_due on webhooks.deliveries (institution_id, next_at)
    where delivered_at is null and dead_at is null;

-- What each key of a sender was first sent with: the same key with other content is refused.
create table instructions.idempotency_keys (
    institution_id text not null,
    sender text not null,
    key text not null,
    instruction_id text not null,
    content_hash bytea not null,
    first_at timestamptz not null,
    schema_version smallint not null default 1,
    primary key (institution_id, sender, key),
    constraint idempotency_keys_hash_is_sha256 check (octet_length(content_hash) = 32)
);

-- Nobody reads these by the role of readers.
alter table webhooks.subscriptions enable row level security;
alter table webhooks.cursors enable row level security;
alter table webhooks.deliveries enable row level security;
alter table instructions.idempotency_keys enable row level security;
