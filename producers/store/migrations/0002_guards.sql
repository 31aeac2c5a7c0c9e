-- Guard tables hold only what invariants need across aggregates.

-- Unique, case-folded e-mail, and what a log-in needs. A null password cannot log in.
CREATE TABLE user_logins (
    user_id       CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    email         VARCHAR(320) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    password_hash VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NULL,
    PRIMARY KEY (user_id),
    UNIQUE KEY user_logins_email (email)
) ENGINE = InnoDB;

-- What an imported thing is called elsewhere. The owner is the seller of a listing or an order, the nil UUID otherwise.
CREATE TABLE external_ids (
    kind        VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    owner       CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    external_id VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    id          CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    PRIMARY KEY (kind, owner, external_id)
) ENGINE = InnoDB;

-- What is still to be asked of the payment gateway. A row lives until its task is settled; a gateway call repeats under the same key.
CREATE TABLE payment_tasks (
    task_id   CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    order_id  CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    kind      VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    task      MEDIUMBLOB NOT NULL,
    attempts  INT UNSIGNED NOT NULL DEFAULT 0,
    due_at    BIGINT NOT NULL,
    PRIMARY KEY (task_id),
    KEY payment_tasks_due (due_at),
    KEY payment_tasks_order (order_id)
) ENGINE = InnoDB;
