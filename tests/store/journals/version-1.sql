-- A journal of version 1, by pg_dump --schema=rinha --inserts --no-owner, without its settings.
CREATE SCHEMA rinha;
CREATE TABLE rinha.journal (
    place smallint DEFAULT 1 NOT NULL,
    version integer NOT NULL,
    epoch bigint NOT NULL,
    writer uuid,
    CONSTRAINT journal_place_check CHECK ((place = 1))
);
CREATE TABLE rinha.open_payments (
    taken_order bigint NOT NULL,
    epoch bigint NOT NULL,
    payment_id bytea NOT NULL,
    amount_cents bigint NOT NULL,
    processor text DEFAULT ''::text NOT NULL,
    requested_at_ms bigint DEFAULT 0 NOT NULL,
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
INSERT INTO rinha.journal VALUES (1, 1, 1, '1ee4d03f-3954-400c-a7be-b433cf991648');
INSERT INTO rinha.open_payments OVERRIDING SYSTEM VALUE VALUES (5, 1, '\x00000000000000000000000000000004', 1994, '', 0);
INSERT INTO rinha.open_payments OVERRIDING SYSTEM VALUE VALUES (6, 1, '\x00000000000000000000000000000005', 1995, '', 0);
INSERT INTO rinha.open_payments OVERRIDING SYSTEM VALUE VALUES (3, 1, '\x00000000000000000000000000000002', 1992, 'fallback', 1753574400002);
INSERT INTO rinha.settled_payments OVERRIDING SYSTEM VALUE VALUES (2, 1, '\x00000000000000000000000000000001', 1991, 'default', 1991, 1753574400001);
INSERT INTO rinha.settled_payments OVERRIDING SYSTEM VALUE VALUES (3, 1, '\x00000000000000000000000000000003', 1993, 'default', 1900, 1753574400033);
SELECT pg_catalog.setval('rinha.open_payments_taken_order_seq', 6, true);
SELECT pg_catalog.setval('rinha.settled_payments_settled_order_seq', 3, true);
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
