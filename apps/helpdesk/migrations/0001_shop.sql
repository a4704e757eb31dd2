-- The shop's own tables, the same text for SQLite and PostgreSQL: times are microseconds since 1970, ids are text.
CREATE TABLE accounts (
    id            TEXT   PRIMARY KEY,
    name          TEXT   NOT NULL,
    -- Lower case by Unicode's rules, which SQLite's own lower() does not know.
    name_folded   TEXT   NOT NULL,
    email         TEXT   NOT NULL UNIQUE,
    password_hash TEXT   NOT NULL,
    -- Words separated by spaces; empty for a customer.
    rights        TEXT   NOT NULL DEFAULT '',
    organisation  TEXT,
    town          TEXT   NOT NULL DEFAULT '',
    disabled_at   BIGINT,
    last_seen_at  BIGINT,
    created_at    BIGINT NOT NULL
);
CREATE INDEX accounts_by_name ON accounts (name_folded, id);

CREATE TABLE sessions (
    -- SHA-256 of the cookie, in hexadecimal: a copy of this table signs nobody in.
    id_hash    TEXT   PRIMARY KEY,
    account_id TEXT   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE subscriptions (
    account_id  TEXT   PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    blend       TEXT   NOT NULL,
    grams       BIGINT NOT NULL,
    every_weeks BIGINT NOT NULL,
    price_cents BIGINT NOT NULL,
    next_at     BIGINT NOT NULL
);

CREATE TABLE orders (
    id          TEXT   PRIMARY KEY,
    account_id  TEXT   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    placed_at   BIGINT NOT NULL,
    state       TEXT   NOT NULL,
    total_cents BIGINT NOT NULL,
    -- What was in the box, lower case, for searching.
    contents    TEXT   NOT NULL
);
CREATE INDEX orders_by_account ON orders (account_id, placed_at);

CREATE TABLE order_lines (
    order_id   TEXT   NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    position   BIGINT NOT NULL,
    name       TEXT   NOT NULL,
    grams      BIGINT NOT NULL,
    quantity   BIGINT NOT NULL,
    unit_cents BIGINT NOT NULL,
    PRIMARY KEY (order_id, position)
);

CREATE TABLE invoices (
    id           TEXT   PRIMARY KEY,
    account_id   TEXT   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    order_id     TEXT   NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    issued_at    BIGINT NOT NULL,
    due_at       BIGINT NOT NULL,
    amount_cents BIGINT NOT NULL,
    paid_at      BIGINT,
    paid_with    TEXT
);
CREATE INDEX invoices_by_account ON invoices (account_id, issued_at);

CREATE TABLE payment_methods (
    id         TEXT   PRIMARY KEY,
    account_id TEXT   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    brand      TEXT   NOT NULL,
    last_four  TEXT   NOT NULL,
    expires    TEXT   NOT NULL,
    added_at   BIGINT NOT NULL
);
CREATE INDEX payment_methods_by_account ON payment_methods (account_id, added_at);

CREATE TABLE linked_accounts (
    id         TEXT   PRIMARY KEY,
    account_id TEXT   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    provider   TEXT   NOT NULL,
    handle     TEXT   NOT NULL,
    linked_at  BIGINT NOT NULL
);
CREATE INDEX linked_accounts_by_account ON linked_accounts (account_id, linked_at);

CREATE TABLE notifications (
    id         TEXT   PRIMARY KEY,
    account_id TEXT   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    at         BIGINT NOT NULL,
    title      TEXT   NOT NULL,
    body       TEXT   NOT NULL,
    read_at    BIGINT
);
CREATE INDEX notifications_by_account ON notifications (account_id, at);

-- Things that happen once in the life of a database, such as filling it with demo data.
CREATE TABLE milestones (
    name TEXT   PRIMARY KEY,
    at   BIGINT NOT NULL
);
