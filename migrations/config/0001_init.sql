-- +goose Up
CREATE TABLE providers (
    id            VARCHAR(64)  NOT NULL PRIMARY KEY,
    name          VARCHAR(255) NOT NULL UNIQUE,
    vendor        VARCHAR(64)  NOT NULL,
    position      BIGINT       NOT NULL,
    enabled       BOOLEAN      NOT NULL,
    region        VARCHAR(64)  NOT NULL,
    base_url      TEXT         NOT NULL,
    fields        TEXT         NOT NULL, -- json object
    additions     TEXT         NOT NULL, -- json object of outbound proxy, headers and query, encrypted; bound to id
    allow_private BOOLEAN      NOT NULL,
    models        TEXT         NOT NULL, -- json array
    timeouts      TEXT         NOT NULL, -- json object of durations such as "1m30s"
    version       BIGINT       NOT NULL,
    created_ms    BIGINT       NOT NULL,
    updated_ms    BIGINT       NOT NULL
);

CREATE TABLE provider_keys (
    id          VARCHAR(64)  NOT NULL PRIMARY KEY,
    provider_id VARCHAR(64)  NOT NULL REFERENCES providers (id),
    name        VARCHAR(255) NOT NULL,
    sealed      TEXT         NOT NULL, -- the secret, encrypted; bound to id
    hint        VARCHAR(64)  NOT NULL,
    weight      BIGINT       NOT NULL,
    enabled     BOOLEAN      NOT NULL,
    position    BIGINT       NOT NULL,
    created_ms  BIGINT       NOT NULL,
    updated_ms  BIGINT       NOT NULL,
    UNIQUE (provider_id, name)
);

CREATE TABLE routes (
    id         VARCHAR(64)  NOT NULL PRIMARY KEY,
    name       VARCHAR(255) NOT NULL UNIQUE,
    position   BIGINT       NOT NULL,
    enabled    BOOLEAN      NOT NULL,
    conditions TEXT         NOT NULL, -- json object
    targets    TEXT         NOT NULL, -- json array
    fallback   TEXT         NOT NULL, -- json array
    triggers   TEXT         NOT NULL, -- json array
    timeouts   TEXT         NOT NULL, -- json object of durations such as "1m30s"
    failover   TEXT         NOT NULL, -- json object
    version    BIGINT       NOT NULL,
    created_ms BIGINT       NOT NULL,
    updated_ms BIGINT       NOT NULL
);

CREATE TABLE consumers (
    id         VARCHAR(64)  NOT NULL PRIMARY KEY,
    name       VARCHAR(255) NOT NULL UNIQUE,
    enabled    BOOLEAN      NOT NULL,
    models     TEXT         NOT NULL, -- json array
    routes     TEXT         NOT NULL, -- json array
    version    BIGINT       NOT NULL,
    created_ms BIGINT       NOT NULL,
    updated_ms BIGINT       NOT NULL
);

CREATE TABLE consumer_keys (
    id          VARCHAR(64)  NOT NULL PRIMARY KEY,
    consumer_id VARCHAR(64)  NOT NULL REFERENCES consumers (id),
    name        VARCHAR(255) NOT NULL,
    hash        VARCHAR(64)  NOT NULL UNIQUE, -- SHA-256 of the key, hex
    hint        VARCHAR(64)  NOT NULL,
    enabled     BOOLEAN      NOT NULL,
    expires_ms  BIGINT       NOT NULL,
    created_ms  BIGINT       NOT NULL,
    UNIQUE (consumer_id, name)
);

-- One row, made here, so that saving settings is always an update.
CREATE TABLE settings (
    id       BIGINT      NOT NULL PRIMARY KEY,
    access   VARCHAR(16) NOT NULL,
    limits   TEXT        NOT NULL, -- json object
    timeouts TEXT        NOT NULL, -- json object of durations such as "1m30s"
    version  BIGINT      NOT NULL
);
INSERT INTO settings (id, access, limits, timeouts, version) VALUES (1, 'local', '{}', '{}', 1);

CREATE TABLE revisions (
    id         BIGINT       NOT NULL PRIMARY KEY,
    at_ms      BIGINT       NOT NULL,
    actor_id   VARCHAR(64)  NOT NULL,
    actor_name VARCHAR(255) NOT NULL,
    actor_via  VARCHAR(16)  NOT NULL,
    actor_ip   VARCHAR(64)  NOT NULL,
    summary    TEXT         NOT NULL
);

CREATE TABLE revision_items (
    revision_id BIGINT       NOT NULL REFERENCES revisions (id),
    seq         BIGINT       NOT NULL,
    kind        VARCHAR(32)  NOT NULL,
    item_id     VARCHAR(64)  NOT NULL,
    name        VARCHAR(255) NOT NULL,
    op          VARCHAR(16)  NOT NULL,
    before_json TEXT         NOT NULL, -- empty for a create
    after_json  TEXT         NOT NULL, -- empty for a delete
    PRIMARY KEY (revision_id, seq)
);

CREATE TABLE admins (
    id              VARCHAR(64)  NOT NULL PRIMARY KEY,
    name            VARCHAR(255) NOT NULL UNIQUE,
    password_hash   TEXT         NOT NULL,
    session_version BIGINT       NOT NULL,
    created_ms      BIGINT       NOT NULL,
    password_ms     BIGINT       NOT NULL
);

CREATE TABLE sessions (
    id         VARCHAR(64) NOT NULL PRIMARY KEY,
    admin_id   VARCHAR(64) NOT NULL REFERENCES admins (id),
    created_ms BIGINT      NOT NULL,
    seen_ms    BIGINT      NOT NULL,
    expires_ms BIGINT      NOT NULL,
    ip         VARCHAR(64) NOT NULL,
    user_agent TEXT        NOT NULL,
    revoked    BOOLEAN     NOT NULL
);
CREATE INDEX sessions_admin ON sessions (admin_id);

CREATE TABLE api_tokens (
    id           VARCHAR(64)  NOT NULL PRIMARY KEY,
    name         VARCHAR(255) NOT NULL,
    admin_id     VARCHAR(64)  NOT NULL REFERENCES admins (id),
    hash         VARCHAR(64)  NOT NULL UNIQUE, -- SHA-256 of the token, hex
    hint         VARCHAR(64)  NOT NULL,
    created_ms   BIGINT       NOT NULL,
    last_used_ms BIGINT       NOT NULL,
    expires_ms   BIGINT       NOT NULL,
    revoked      BOOLEAN      NOT NULL
);

-- +goose Down
DROP TABLE api_tokens;
DROP TABLE sessions;
DROP TABLE admins;
DROP TABLE revision_items;
DROP TABLE revisions;
DROP TABLE settings;
DROP TABLE consumer_keys;
DROP TABLE consumers;
DROP TABLE routes;
DROP TABLE provider_keys;
DROP TABLE providers;
