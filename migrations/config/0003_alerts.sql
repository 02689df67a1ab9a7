-- +goose Up
-- What alerts were sent, and when they were over.
CREATE TABLE alert_events (
    id      VARCHAR(64)  NOT NULL PRIMARY KEY,
    at_ms   BIGINT       NOT NULL,
    rule    VARCHAR(32)  NOT NULL,
    subject VARCHAR(512) NOT NULL, -- what it is about: a provider, a key
    state   VARCHAR(16)  NOT NULL, -- fired, reminded or resolved
    message TEXT         NOT NULL,
    problem TEXT         NOT NULL  -- why a channel did not get it; empty: all did
);
CREATE INDEX alert_events_at ON alert_events (at_ms);

-- What a day's calls cost, for the budget, in the currency that sums are shown in.
CREATE TABLE alert_days (
    day      VARCHAR(10) NOT NULL,
    currency VARCHAR(3)  NOT NULL,
    nano     BIGINT      NOT NULL,
    PRIMARY KEY (day, currency)
);

-- +goose Down
DROP TABLE alert_days;
DROP TABLE alert_events;
