-- A journal of version 5, by pg_dump --schema=rinha --inserts --no-owner, without its settings.
CREATE SCHEMA rinha;
CREATE TABLE rinha.closed_payments (
    closed_order bigint NOT NULL,
    epoch bigint NOT NULL,
    payment_id bytea NOT NULL,
    taken_cents bigint NOT NULL,
    written_off boolean NOT NULL,
    closed_by text NOT NULL,
    reason text NOT NULL,
    closed_at_ms bigint NOT NULL,
    CONSTRAINT closed_payments_payment_id_check CHECK ((length(payment_id) = 16))
);
ALTER TABLE rinha.closed_payments ALTER COLUMN closed_order ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rinha.closed_payments_closed_order_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE rinha.feed (
    place smallint DEFAULT 1 NOT NULL,
    stream_created text NOT NULL,
    purged_through bigint NOT NULL,
    CONSTRAINT feed_place_check CHECK ((place = 1))
);
CREATE TABLE rinha.journal (
    place smallint DEFAULT 1 NOT NULL,
    version integer NOT NULL,
    epoch bigint NOT NULL,
    writer uuid,
    journal_id uuid DEFAULT gen_random_uuid() NOT NULL,
    shards integer DEFAULT 1 NOT NULL,
    backend integer,
    alive_at timestamp with time zone,
    CONSTRAINT journal_place_check CHECK ((place = 1))
);
CREATE TABLE rinha.open_payments (
    taken_order bigint NOT NULL,
    epoch bigint NOT NULL,
    payment_id bytea NOT NULL,
    amount_cents bigint NOT NULL,
    processor text DEFAULT ''::text NOT NULL,
    requested_at_ms bigint DEFAULT 0 NOT NULL,
    crashes integer DEFAULT 0 NOT NULL,
    CONSTRAINT open_payments_payment_id_check CHECK ((length(payment_id) = 16))
);
ALTER TABLE rinha.open_payments ALTER COLUMN taken_order ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rinha.open_payments_taken_order_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE rinha.settled_payments (
    settled_order bigint NOT NULL,
    epoch bigint NOT NULL,
    payment_id bytea NOT NULL,
    taken_cents bigint NOT NULL,
    processor text NOT NULL,
    settled_cents bigint NOT NULL,
    requested_at_ms bigint NOT NULL,
    CONSTRAINT settled_payments_payment_id_check CHECK ((length(payment_id) = 16))
);
ALTER TABLE rinha.settled_payments ALTER COLUMN settled_order ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rinha.settled_payments_settled_order_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
INSERT INTO rinha.closed_payments OVERRIDING SYSTEM VALUE VALUES (1, 1, '\x00000000000000000000000000000009', 1999, true, 'ada', 'in no books', 1753574400009);
INSERT INTO rinha.feed VALUES (1, 'monday', 7);
INSERT INTO rinha.journal VALUES (1, 5, 1, '9d8a96c3-3521-4d76-874c-fc97ff149fd2', '77218a26-9b31-46a4-86ac-27b78170608c', 1, 16052, '2026-11-28 10:51:07.63109+00');
INSERT INTO rinha.open_payments OVERRIDING SYSTEM VALUE VALUES (3, 0, '\x00000000000000000000000000000003', 1993, '', 0, 0);
INSERT INTO rinha.open_payments OVERRIDING SYSTEM VALUE VALUES (11, 1, '\x00000000000000000000000000000008', 1998, 'fallback', 1753574400008, 0);
INSERT INTO rinha.settled_payments OVERRIDING SYSTEM VALUE VALUES (1, 0, '\x00000000000000000000000000000001', 1991, 'default', 1, 1753574400000);
INSERT INTO rinha.settled_payments OVERRIDING SYSTEM VALUE VALUES (2, 0, '\x00000000000000000000000000000002', 1992, 'fallback', 2, 1753574460000);
INSERT INTO rinha.settled_payments OVERRIDING SYSTEM VALUE VALUES (3, 1, '\x00000000000000000000000000000001', 1991, 'default', 1991, 1753574399999);
INSERT INTO rinha.settled_payments OVERRIDING SYSTEM VALUE VALUES (4, 1, '\x00000000000000000000000000000002', 1992, 'default', 1992, 1753574400000);
INSERT INTO rinha.settled_payments OVERRIDING SYSTEM VALUE VALUES (5, 1, '\x00000000000000000000000000000003', 1993, 'fallback', 1900, 1753574400999);
INSERT INTO rinha.settled_payments OVERRIDING SYSTEM VALUE VALUES (6, 1, '\x00000000000000000000000000000004', 1994, 'default', 1994, 1753574401000);
INSERT INTO rinha.settled_payments OVERRIDING SYSTEM VALUE VALUES (7, 1, '\x00000000000000000000000000000005', 1995, 'fallback', 1995, 1753574459999);
INSERT INTO rinha.settled_payments OVERRIDING SYSTEM VALUE VALUES (8, 1, '\x00000000000000000000000000000006', 1996, 'fallback', 1996, 1753574460000);
INSERT INTO rinha.settled_payments OVERRIDING SYSTEM VALUE VALUES (9, 1, '\x00000000000000000000000000000007', 1997, 'default', 1997, -1);
SELECT pg_catalog.setval('rinha.closed_payments_closed_order_seq', 1, true);
SELECT pg_catalog.setval('rinha.open_payments_taken_order_seq', 12, true);
SELECT pg_catalog.setval('rinha.settled_payments_settled_order_seq', 9, true);
ALTER TABLE ONLY rinha.closed_payments
    ADD CONSTRAINT closed_payments_payment_id_epoch_key UNIQUE (payment_id, epoch);
ALTER TABLE ONLY rinha.closed_payments
    ADD CONSTRAINT closed_payments_pkey PRIMARY KEY (closed_order);
ALTER TABLE ONLY rinha.feed
    ADD CONSTRAINT feed_pkey PRIMARY KEY (place);
ALTER TABLE ONLY rinha.journal
    ADD CONSTRAINT journal_pkey PRIMARY KEY (place);
ALTER TABLE ONLY rinha.open_payments
    ADD CONSTRAINT open_payments_payment_id_epoch_key UNIQUE (payment_id, epoch);
ALTER TABLE ONLY rinha.open_payments
    ADD CONSTRAINT open_payments_pkey PRIMARY KEY (taken_order);
ALTER TABLE ONLY rinha.settled_payments
    ADD CONSTRAINT settled_payments_payment_id_epoch_key UNIQUE (payment_id, epoch);
ALTER TABLE ONLY rinha.settled_payments
    ADD CONSTRAINT settled_payments_pkey PRIMARY KEY (settled_order);
