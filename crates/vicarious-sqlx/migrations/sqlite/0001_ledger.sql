CREATE TABLE vicarious_impersonations (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    handle BLOB NOT NULL UNIQUE,
    sign_in TEXT NOT NULL,
    true_user TEXT NOT NULL,
    true_user_name TEXT NOT NULL,
    true_user_email TEXT NOT NULL,
    "current_user" TEXT NOT NULL,
    current_user_name TEXT NOT NULL,
    current_user_email TEXT NOT NULL,
    reason TEXT NOT NULL,
    ticket TEXT,
    consent TEXT,
    write_until INTEGER,
    started_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    idle_limit INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    return_to TEXT NOT NULL,
    follows TEXT,
    end_cause TEXT,
    ended_at INTEGER,
    acknowledged_at INTEGER
);
-- One sign-in, one impersonation whose end is not recorded.
CREATE UNIQUE INDEX vicarious_impersonations_running ON vicarious_impersonations (sign_in) WHERE end_cause IS NULL;
CREATE INDEX vicarious_impersonations_of_sign_in ON vicarious_impersonations (sign_in, n);
CREATE INDEX vicarious_impersonations_as ON vicarious_impersonations ("current_user", n);
CREATE INDEX vicarious_impersonations_by ON vicarious_impersonations (true_user, n);

CREATE TABLE vicarious_consents (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    account_name TEXT NOT NULL,
    account_email TEXT NOT NULL,
    requested_by TEXT,
    requested_by_name TEXT,
    requested_by_email TEXT,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    ticket TEXT,
    asked_at INTEGER NOT NULL,
    decided_at INTEGER,
    ends_at INTEGER NOT NULL,
    used_by TEXT
);
CREATE INDEX vicarious_consents_of ON vicarious_consents (account, n);
CREATE INDEX vicarious_consents_asked_by ON vicarious_consents (requested_by, n);

CREATE TABLE vicarious_opt_outs (account TEXT PRIMARY KEY, since INTEGER NOT NULL) WITHOUT ROWID;

-- One row, always there, so that a start and a pause meet at it.
CREATE TABLE vicarious_switch (one INTEGER PRIMARY KEY CHECK (one = 1), paused_since INTEGER, reason TEXT);
INSERT INTO vicarious_switch (one) VALUES (1);

CREATE TABLE vicarious_nonces (nonce BLOB PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX vicarious_nonces_until ON vicarious_nonces (until);

CREATE TABLE vicarious_entries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    true_user TEXT,
    "current_user" TEXT,
    impersonation TEXT,
    request TEXT,
    method TEXT,
    route TEXT,
    path TEXT,
    status INTEGER,
    reason TEXT,
    ticket TEXT,
    body TEXT NOT NULL,
    chain TEXT NOT NULL,
    chain_seq INTEGER NOT NULL,
    prev_hash BLOB NOT NULL,
    hash BLOB NOT NULL
);
-- None of these grows with a request: the two bulk kinds are left out, and found through the blocks below.
CREATE INDEX vicarious_entries_kind ON vicarious_entries (kind, seq)
    WHERE kind NOT IN ('request.intent', 'request.outcome');
CREATE INDEX vicarious_entries_true_user ON vicarious_entries (true_user, kind, seq)
    WHERE kind NOT IN ('request.intent', 'request.outcome');
CREATE INDEX vicarious_entries_current_user ON vicarious_entries ("current_user", kind, seq, true_user)
    WHERE kind NOT IN ('request.intent', 'request.outcome');
CREATE INDEX vicarious_entries_impersonation ON vicarious_entries (impersonation, kind, seq)
    WHERE kind NOT IN ('request.intent', 'request.outcome');

-- Which people appear in which block of 256 entries: a directory far smaller than an index on every entry.
CREATE TABLE vicarious_blocks (
    true_user TEXT NOT NULL,
    "current_user" TEXT NOT NULL,
    block INTEGER NOT NULL,
    PRIMARY KEY (true_user, "current_user", block)
) WITHOUT ROWID;
CREATE INDEX vicarious_blocks_true_user ON vicarious_blocks (true_user, block);
CREATE INDEX vicarious_blocks_current_user ON vicarious_blocks ("current_user", block);

-- The processes that write, by the name of their chain of entries.
CREATE TABLE vicarious_nodes (
    chain TEXT PRIMARY KEY,
    seen_at INTEGER NOT NULL,
    scan_from INTEGER NOT NULL,
    recovered_at INTEGER
) WITHOUT ROWID;
