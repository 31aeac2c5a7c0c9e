-- Only what MySQL 8.4/9.x and MariaDB 10.11 both accept. Collations are explicit: the servers' defaults differ.

-- The event store: append-only, the outbox, the audit trail and the source of every rebuild.
CREATE TABLE events (
    position       BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    event_id       CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    aggregate_type VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    aggregate_id   CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    sequence       BIGINT UNSIGNED NOT NULL,
    event_type     VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    payload        MEDIUMBLOB NOT NULL,
    actor          CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL,
    correlation_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    causation_id   CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL,
    traceparent    VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    occurred_at    BIGINT NOT NULL,
    PRIMARY KEY (position),
    UNIQUE KEY events_event_id (event_id),
    UNIQUE KEY events_sequence (aggregate_type, aggregate_id, sequence)
) ENGINE = InnoDB;

-- One row an aggregate: the row a command locks before it appends, its last sequence, and its state at that sequence
-- (docs/decisions/0001-aggregate-state.md).
CREATE TABLE aggregates (
    aggregate_type VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    aggregate_id   CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    sequence       BIGINT UNSIGNED NOT NULL,
    state_version  INT UNSIGNED NOT NULL,
    state          MEDIUMBLOB NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id)
) ENGINE = InnoDB;

-- One row an answered command. It is written by the command's own transaction, so it exists if and only if the command happened.
CREATE TABLE idempotency (
    actor           CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    idempotency_key VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    request_hash    BINARY(32) NOT NULL,
    response        MEDIUMBLOB NULL,
    created_at      BIGINT NOT NULL,
    PRIMARY KEY (actor, idempotency_key),
    KEY idempotency_created_at (created_at)
) ENGINE = InnoDB;

-- Who may relay, until when, and how far the relay has come (JSON text; read and written by the relay alone).
CREATE TABLE relay_state (
    name        VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    owner       CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL,
    lease_until BIGINT NOT NULL DEFAULT 0,
    position    TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    PRIMARY KEY (name)
) ENGINE = InnoDB;
