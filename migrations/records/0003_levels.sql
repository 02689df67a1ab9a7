-- +goose Up
-- Two more levels of sums, for pages that would read too many of the others.

-- Sums by quarter of an hour, of calls by model and of attempts, put together
-- from the minutes when the quarter is over.
CREATE TABLE sums_quarter (
    kind   BIGINT NOT NULL,
    at     BIGINT NOT NULL,
    series BIGINT NOT NULL,
    data   BYTEA/*sqlite:BLOB*/ NOT NULL,
    PRIMARY KEY (kind, at, series)
) /*sqlite:WITHOUT ROWID*/;

-- Sums by a third of a day of UTC, of the days in sums_day and written with
-- them: in most of the zones people live in, two or three make up most of a day.
CREATE TABLE sums_third (
    series BIGINT NOT NULL,
    at     BIGINT NOT NULL,
    data   BYTEA/*sqlite:BLOB*/ NOT NULL,
    PRIMARY KEY (series, at)
) /*sqlite:WITHOUT ROWID*/;

-- What of these levels can be read. level: 1 quarters, of the kind, of all that
-- is before at; 2 thirds, kind 0, of all days from at on.
CREATE TABLE sums_level (
    level BIGINT NOT NULL,
    kind  BIGINT NOT NULL,
    at    BIGINT NOT NULL,
    PRIMARY KEY (level, kind)
);

-- Days that are there already get their thirds while the program runs, and
-- minutes are put together into quarters.
INSERT INTO sums_level (level, kind, at) SELECT 2, 0, COALESCE(MAX(at) + 86400, 0) FROM sums_day;

-- +goose Down
DROP TABLE sums_level;
DROP TABLE sums_third;
DROP TABLE sums_quarter;
