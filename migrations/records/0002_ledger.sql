-- +goose Up
-- The ledger: names are kept once and referred to by number, times are part of
-- the key, and sums stand beside the rows. A word in front of /*sqlite:X*/ is
-- for Postgres; SQLite reads X. What the tables of 0001 hold is taken over
-- little by little while the program runs; they stay behind empty.

-- Whose calls a row or a sum is about. kind: 1 calls by model, 2 calls by
-- consumer, 3 attempts by key, 0 a target of a plan (server/tally).
CREATE TABLE series (
    id       BIGINT       NOT NULL PRIMARY KEY,
    kind     BIGINT       NOT NULL,
    route    VARCHAR(255) NOT NULL,
    provider VARCHAR(255) NOT NULL,
    model    TEXT         NOT NULL,
    consumer VARCHAR(255) NOT NULL,
    key_id   VARCHAR(64)  NOT NULL,
    key_name VARCHAR(255) NOT NULL,
    outcome  BIGINT       NOT NULL -- 1 ok, 2 rescued, 3 failed, 4 refused, 5 left
);

-- What was asked for.
CREATE TABLE doors (
    id      BIGINT      NOT NULL PRIMARY KEY,
    method  VARCHAR(16) NOT NULL,
    path    TEXT        NOT NULL,
    op      VARCHAR(32) NOT NULL,
    dialect VARCHAR(32) NOT NULL
);

-- What went wrong: a class and a message without its numbers and ids.
CREATE TABLE faults (
    id      BIGINT      NOT NULL PRIMARY KEY,
    class   VARCHAR(32) NOT NULL,
    message TEXT        NOT NULL
);

-- One row for each call: what is looked for, and the rest in detail, because an
-- INSERT costs by the column. id is the start in milliseconds times 2^20, and a
-- number that makes it unique.
CREATE TABLE calls (
    id          BIGINT/*sqlite:INTEGER*/ NOT NULL PRIMARY KEY,
    request_id  VARCHAR(128) NOT NULL,
    series      BIGINT       NOT NULL, -- of kind 2
    fault       BIGINT       NOT NULL, -- 0: none
    detail      BYTEA/*sqlite:BLOB*/ NOT NULL -- the rest (server/store/detail.go)
);
CREATE INDEX calls_series ON calls (series, id);
CREATE INDEX calls_fault ON calls (fault, id) WHERE fault > 0;

-- One row for each try of a target, but for a try that went well alone: that
-- one stands in its call's detail.
CREATE TABLE tries (
    call_id BIGINT NOT NULL,
    seq     BIGINT NOT NULL,
    series  BIGINT NOT NULL, -- of kind 3
    fault   BIGINT NOT NULL, -- 0: none
    detail  BYTEA/*sqlite:BLOB*/ NOT NULL,
    PRIMARY KEY (call_id, seq)
) /*sqlite:WITHOUT ROWID*/;
CREATE INDEX tries_fault ON tries (fault, call_id) WHERE fault > 0;

-- Sums by minute and by hour. kind is that of the series, at where it begins in
-- Unix seconds, data an encoded tally (server/tally).
CREATE TABLE sums_minute (
    kind   BIGINT NOT NULL,
    at     BIGINT NOT NULL,
    series BIGINT NOT NULL,
    data   BYTEA/*sqlite:BLOB*/ NOT NULL,
    PRIMARY KEY (kind, at, series)
) /*sqlite:WITHOUT ROWID*/;

CREATE TABLE sums_hour (
    kind   BIGINT NOT NULL,
    at     BIGINT NOT NULL,
    series BIGINT NOT NULL,
    data   BYTEA/*sqlite:BLOB*/ NOT NULL,
    PRIMARY KEY (kind, at, series)
) /*sqlite:WITHOUT ROWID*/;

-- Days of UTC that are over: the sum of the day, and those of its hours, which
-- move here.
CREATE TABLE sums_day (
    series BIGINT NOT NULL,
    at     BIGINT NOT NULL,
    total  BYTEA/*sqlite:BLOB*/ NOT NULL,
    hours  BYTEA/*sqlite:BLOB*/ NOT NULL,
    PRIMARY KEY (series, at)
);

-- How often what went wrong, by hour.
CREATE TABLE sums_fault (
    at     BIGINT NOT NULL,
    series BIGINT NOT NULL, -- of kind 2 for calls, 3 for attempts
    fault  BIGINT NOT NULL,
    n      BIGINT NOT NULL,
    PRIMARY KEY (at, series, fault)
) /*sqlite:WITHOUT ROWID*/;

-- The slowest and dearest calls of each hour. what: 1 duration, 2 cost.
CREATE TABLE extremes (
    what    BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    call_id BIGINT NOT NULL,
    value   BIGINT NOT NULL,
    PRIMARY KEY (what, at, call_id)
) /*sqlite:WITHOUT ROWID*/;

-- What calls said and were told, where their route keeps it.
CREATE TABLE contents (
    call_id BIGINT NOT NULL PRIMARY KEY,
    expires BIGINT NOT NULL, -- Unix seconds
    size    BIGINT NOT NULL, -- bytes of data
    data    BYTEA/*sqlite:BLOB*/ NOT NULL -- compressed (server/store/contents.go)
);
CREATE INDEX contents_expires ON contents (expires, size);

-- +goose Down
DROP TABLE contents;
DROP TABLE extremes;
DROP TABLE sums_fault;
DROP TABLE sums_day;
DROP TABLE sums_hour;
DROP TABLE sums_minute;
DROP TABLE tries;
DROP TABLE calls;
DROP TABLE faults;
DROP TABLE doors;
DROP TABLE series;
