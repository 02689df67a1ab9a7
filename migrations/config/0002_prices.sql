-- +goose Up
-- Prices that an admin entered; those that are shipped are part of the program.
CREATE TABLE prices (
    id         VARCHAR(64)  NOT NULL PRIMARY KEY,
    provider   VARCHAR(255) NOT NULL, -- name of the one provider it is for; empty: all of vendor
    vendor     VARCHAR(64)  NOT NULL,
    region     VARCHAR(64)  NOT NULL,
    model      VARCHAR(255) NOT NULL, -- a name or a pattern
    from_day   VARCHAR(10)  NOT NULL, -- 2026-11-24; empty: always
    above      BIGINT       NOT NULL, -- prompt tokens beyond which it holds
    hours      VARCHAR(128) NOT NULL,
    price      TEXT         NOT NULL, -- json object: currency and prices as text
    source     TEXT         NOT NULL,
    note       TEXT         NOT NULL,
    version    BIGINT       NOT NULL,
    created_ms BIGINT       NOT NULL,
    updated_ms BIGINT       NOT NULL,
    UNIQUE (provider, vendor, region, model, from_day, above, hours)
);

-- Settings that belong together, a row each, made when they are first saved.
CREATE TABLE sections (
    name    VARCHAR(32) NOT NULL PRIMARY KEY,
    value   TEXT        NOT NULL, -- json object
    sealed  TEXT        NOT NULL, -- json object of its secrets, encrypted; bound to name; empty: none
    version BIGINT      NOT NULL
);

-- +goose Down
DROP TABLE sections;
DROP TABLE prices;
