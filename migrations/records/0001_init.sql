-- +goose Up
-- One row for each call. id grows in the order of writing; request_id is what
-- the caller was given and need not be unique.
CREATE TABLE requests (
    id              BIGINT       NOT NULL PRIMARY KEY,
    request_id      VARCHAR(128) NOT NULL,
    start_ms        BIGINT       NOT NULL,
    method          VARCHAR(16)  NOT NULL,
    path            TEXT         NOT NULL,
    op              VARCHAR(32)  NOT NULL,
    route           VARCHAR(255) NOT NULL,
    provider        VARCHAR(255) NOT NULL,
    model_asked     TEXT         NOT NULL,
    model           TEXT         NOT NULL,
    consumer        VARCHAR(255) NOT NULL,
    consumer_id     VARCHAR(64)  NOT NULL,
    client_ip       VARCHAR(64)  NOT NULL,
    stream          BOOLEAN      NOT NULL,
    status          BIGINT       NOT NULL,
    class           VARCHAR(32)  NOT NULL,
    message         TEXT         NOT NULL,
    ttft_us         BIGINT       NOT NULL, -- start to first content; 0: none came
    duration_us     BIGINT       NOT NULL,
    bytes_in        BIGINT       NOT NULL,
    bytes_out       BIGINT       NOT NULL,
    tok_input       BIGINT       NOT NULL,
    tok_cache_read  BIGINT       NOT NULL,
    tok_cache_write BIGINT       NOT NULL,
    tok_output      BIGINT       NOT NULL,
    tok_reasoning   BIGINT       NOT NULL,
    tok_total       BIGINT       NOT NULL,
    usage_seen      BOOLEAN      NOT NULL,
    attempts        BIGINT       NOT NULL
);
CREATE INDEX requests_start ON requests (start_ms);

-- One row for each try of a target. call is requests.id.
CREATE TABLE attempts (
    call        BIGINT       NOT NULL,
    seq         BIGINT       NOT NULL,
    provider    VARCHAR(255) NOT NULL,
    model       TEXT         NOT NULL,
    key_id      VARCHAR(64)  NOT NULL,
    key_name    VARCHAR(255) NOT NULL,
    start_us    BIGINT       NOT NULL, -- since the call's start
    headers_us  BIGINT       NOT NULL,
    first_us    BIGINT       NOT NULL,
    duration_us BIGINT       NOT NULL,
    status      BIGINT       NOT NULL,
    class       VARCHAR(32)  NOT NULL,
    message     TEXT         NOT NULL,
    PRIMARY KEY (call, seq)
);

-- +goose Down
DROP TABLE attempts;
DROP TABLE requests;
