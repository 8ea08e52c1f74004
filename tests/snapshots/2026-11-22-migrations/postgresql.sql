SELECT pg_catalog.set_config('search_path', '', false);

CREATE FUNCTION public.hedgerow_aside_0eb4fc5d25a9() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$DECLARE hedgerow_count bigint; hedgerow_came_0 uuid[]; hedgerow_gone_0 uuid[];
BEGIN
hedgerow_came_0 := ARRAY(SELECT NULL::uuid WHERE false EXCEPT ALL SELECT old_rows."paper"::uuid FROM old_rows WHERE old_rows."paper" IS NOT NULL);
hedgerow_gone_0 := ARRAY(SELECT old_rows."paper"::uuid FROM old_rows WHERE old_rows."paper" IS NOT NULL EXCEPT ALL SELECT NULL::uuid WHERE false);
IF cardinality(hedgerow_came_0 || hedgerow_gone_0) = 0 THEN RETURN NULL; END IF;
PERFORM FROM "public".hedgerow_file WHERE id = ANY(hedgerow_came_0 || hedgerow_gone_0) ORDER BY id FOR NO KEY UPDATE;
UPDATE "public".hedgerow_file SET state = 'free', until = clock_timestamp() WHERE id = ANY(hedgerow_gone_0) AND model = 'Note' AND field = 'paper' AND state = 'held';
UPDATE "public".hedgerow_file SET state = 'held', until = NULL WHERE id = ANY(hedgerow_came_0) AND model = 'Note' AND field = 'paper' AND state IN ('ready', 'free');
GET DIAGNOSTICS hedgerow_count = ROW_COUNT;
IF hedgerow_count <> cardinality(hedgerow_came_0) THEN RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'this is not an upload that Note.paper may hold, or is held already', CONSTRAINT = 'hedgerow_file', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'paper'; END IF;
RETURN NULL;
END$$;

CREATE FUNCTION public.hedgerow_aside_22bbc44469da() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$DECLARE hedgerow_count bigint; hedgerow_came_0 uuid[]; hedgerow_gone_0 uuid[];
BEGIN
hedgerow_came_0 := ARRAY(SELECT new_rows."paper"::uuid FROM new_rows WHERE new_rows."paper" IS NOT NULL EXCEPT ALL SELECT NULL::uuid WHERE false);
hedgerow_gone_0 := ARRAY(SELECT NULL::uuid WHERE false EXCEPT ALL SELECT new_rows."paper"::uuid FROM new_rows WHERE new_rows."paper" IS NOT NULL);
IF cardinality(hedgerow_came_0 || hedgerow_gone_0) = 0 THEN RETURN NULL; END IF;
PERFORM FROM "public".hedgerow_file WHERE id = ANY(hedgerow_came_0 || hedgerow_gone_0) ORDER BY id FOR NO KEY UPDATE;
UPDATE "public".hedgerow_file SET state = 'free', until = clock_timestamp() WHERE id = ANY(hedgerow_gone_0) AND model = 'Note' AND field = 'paper' AND state = 'held';
UPDATE "public".hedgerow_file SET state = 'held', until = NULL WHERE id = ANY(hedgerow_came_0) AND model = 'Note' AND field = 'paper' AND state IN ('ready', 'free');
GET DIAGNOSTICS hedgerow_count = ROW_COUNT;
IF hedgerow_count <> cardinality(hedgerow_came_0) THEN RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'this is not an upload that Note.paper may hold, or is held already', CONSTRAINT = 'hedgerow_file', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'paper'; END IF;
RETURN NULL;
END$$;

CREATE FUNCTION public.hedgerow_aside_5e162285534f() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$BEGIN UPDATE "public".hedgerow_file SET state = 'free', until = clock_timestamp() WHERE model = 'Note' AND field = 'paper' AND state = 'held'; RETURN NULL; END$$;

CREATE FUNCTION public.hedgerow_aside_6f3e894b9606() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$DECLARE hedgerow_count bigint; hedgerow_came_0 uuid[]; hedgerow_gone_0 uuid[];
BEGIN
hedgerow_came_0 := ARRAY(SELECT new_rows."paper"::uuid FROM new_rows WHERE new_rows."paper" IS NOT NULL EXCEPT ALL SELECT old_rows."paper"::uuid FROM old_rows WHERE old_rows."paper" IS NOT NULL);
hedgerow_gone_0 := ARRAY(SELECT old_rows."paper"::uuid FROM old_rows WHERE old_rows."paper" IS NOT NULL EXCEPT ALL SELECT new_rows."paper"::uuid FROM new_rows WHERE new_rows."paper" IS NOT NULL);
IF cardinality(hedgerow_came_0 || hedgerow_gone_0) = 0 THEN RETURN NULL; END IF;
PERFORM FROM "public".hedgerow_file WHERE id = ANY(hedgerow_came_0 || hedgerow_gone_0) ORDER BY id FOR NO KEY UPDATE;
UPDATE "public".hedgerow_file SET state = 'free', until = clock_timestamp() WHERE id = ANY(hedgerow_gone_0) AND model = 'Note' AND field = 'paper' AND state = 'held';
UPDATE "public".hedgerow_file SET state = 'held', until = NULL WHERE id = ANY(hedgerow_came_0) AND model = 'Note' AND field = 'paper' AND state IN ('ready', 'free');
GET DIAGNOSTICS hedgerow_count = ROW_COUNT;
IF hedgerow_count <> cardinality(hedgerow_came_0) THEN RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'this is not an upload that Note.paper may hold, or is held already', CONSTRAINT = 'hedgerow_file', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'paper'; END IF;
RETURN NULL;
END$$;

CREATE FUNCTION public.hedgerow_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    SET bytea_output TO 'hex'
    SET extra_float_digits TO '1'
    AS $$
BEGIN
    INSERT INTO "public"."hedgerow_change" ("transaction", "table", operation, before, after)
    VALUES (pg_current_xact_id()::text::bigint, TG_ARGV[0], lower(TG_OP), row_to_json(OLD), row_to_json(NEW));
    IF current_setting('hedgerow.quiet', true) IS DISTINCT FROM 'on' THEN
        PERFORM pg_notify('hedgerow', '');
    END IF;
    RETURN NULL;
END
$$;

CREATE TABLE public.hedgerow_auth_api_key (
    id uuid NOT NULL,
    user_id uuid,
    hash bytea NOT NULL,
    hint character varying(16) NOT NULL,
    name character varying(100) NOT NULL,
    roles json,
    claims json,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    used_at timestamp with time zone
);

CREATE TABLE public.hedgerow_auth_attempt (
    hash bytea NOT NULL,
    failures integer NOT NULL,
    last_at timestamp with time zone NOT NULL
);

CREATE TABLE public.hedgerow_auth_challenge (
    hash bytea NOT NULL,
    user_id uuid,
    data json NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.hedgerow_auth_code (
    subject bytea NOT NULL,
    token bytea NOT NULL,
    code bytea NOT NULL,
    purpose character varying(20) NOT NULL,
    user_id uuid NOT NULL,
    email character varying(254) NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    tries integer NOT NULL
);

CREATE TABLE public.hedgerow_auth_credential (
    user_id uuid NOT NULL,
    password character varying(1024) NOT NULL,
    changed_at timestamp with time zone NOT NULL
);

CREATE TABLE public.hedgerow_auth_event (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    kind character varying(40) NOT NULL,
    user_id uuid,
    address character varying(64) NOT NULL,
    agent character varying(256) NOT NULL,
    about character varying(500) NOT NULL
);

CREATE SEQUENCE public.hedgerow_auth_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.hedgerow_auth_event_id_seq OWNED BY public.hedgerow_auth_event.id;

CREATE TABLE public.hedgerow_auth_identity (
    id uuid NOT NULL,
    provider character varying(64) NOT NULL,
    subject character varying(255) NOT NULL,
    user_id uuid NOT NULL,
    email character varying(254),
    created_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone NOT NULL
);

CREATE TABLE public.hedgerow_auth_passkey (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    credential bytea NOT NULL,
    handle bytea NOT NULL,
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    transports json NOT NULL,
    second_factor boolean NOT NULL,
    synced boolean NOT NULL,
    name character varying(100) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
);

CREATE TABLE public.hedgerow_auth_recovery (
    hash bytea NOT NULL,
    user_id uuid NOT NULL
);

CREATE TABLE public.hedgerow_auth_refresh (
    hash bytea NOT NULL,
    session_id uuid NOT NULL,
    used_at timestamp with time zone
);

CREATE TABLE public.hedgerow_auth_session (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    address character varying(64) NOT NULL,
    agent character varying(256) NOT NULL,
    cookie bytea
);

CREATE TABLE public.hedgerow_auth_totp (
    user_id uuid NOT NULL,
    secret bytea,
    last_step bigint NOT NULL,
    pending bytea,
    pending_until timestamp with time zone
);

CREATE TABLE public.hedgerow_change (
    transaction bigint NOT NULL,
    sequence bigint NOT NULL,
    "table" text NOT NULL,
    operation text NOT NULL,
    before json,
    after json,
    moment timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.hedgerow_change ALTER COLUMN sequence ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.hedgerow_change_sequence_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.hedgerow_feed (
    one boolean NOT NULL,
    epoch text NOT NULL,
    identity text NOT NULL,
    pruned_sequence bigint NOT NULL,
    settled_sequence bigint NOT NULL,
    CONSTRAINT hedgerow_feed_one_check CHECK (one)
);

CREATE TABLE public.hedgerow_file (
    id uuid NOT NULL,
    model character varying(255) NOT NULL,
    field character varying(255) NOT NULL,
    owner character varying(255),
    state character varying(8) NOT NULL,
    until timestamp with time zone,
    name character varying(255) NOT NULL,
    size bigint,
    content_type character varying(255) NOT NULL,
    checksum character varying(64),
    width integer,
    height integer,
    blurhash character varying(64),
    public boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    loose_until timestamp with time zone
);

CREATE TABLE public.hedgerow_file_owner (
    owner character varying(255) NOT NULL
);

CREATE TABLE public.hedgerow_file_replaced (
    model character varying(255) NOT NULL,
    file_id uuid NOT NULL
);

CREATE TABLE public.hedgerow_idempotency (
    key text NOT NULL,
    request text NOT NULL,
    answer text NOT NULL,
    created_at bigint NOT NULL
);

CREATE TABLE public.hedgerow_picture (
    file_id uuid NOT NULL,
    spec character varying(64) NOT NULL,
    size bigint,
    content_type character varying(255) NOT NULL,
    made_at timestamp with time zone NOT NULL
);

CREATE TABLE public.hedgerow_upload (
    file_id uuid NOT NULL,
    sender character varying(64),
    metadata text,
    holder uuid,
    held_until timestamp with time zone,
    wanted boolean NOT NULL
);

CREATE TABLE public.note (
    id integer NOT NULL,
    title character varying NOT NULL,
    shown boolean NOT NULL,
    paper uuid,
    author_id uuid NOT NULL
);

CREATE SEQUENCE public.note_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.note_id_seq OWNED BY public.note.id;

CREATE TABLE public."user" (
    id uuid NOT NULL,
    email character varying(254),
    email_verified boolean DEFAULT false NOT NULL,
    roles jsonb NOT NULL,
    disabled boolean DEFAULT false NOT NULL,
    anonymous boolean DEFAULT false NOT NULL,
    locale character varying(35),
    created_at timestamp with time zone NOT NULL,
    name character varying NOT NULL
);

ALTER TABLE ONLY public.hedgerow_auth_event ALTER COLUMN id SET DEFAULT nextval('public.hedgerow_auth_event_id_seq'::regclass);

ALTER TABLE ONLY public.note ALTER COLUMN id SET DEFAULT nextval('public.note_id_seq'::regclass);

INSERT INTO public.hedgerow_auth_api_key VALUES ('cfcafe7c-2a88-47d6-99f0-d8095dff1031', 'e818b23e-c5b7-44d0-bf78-c9750706ee11', '\xdc08c1010d5cdee591f6fd15db93593fdf868f4a035d076bfec74260d9fa86dd', 'hk_tJbxd', 'robot', 'null', 'null', '2026-11-22 17:17:47.527836+00', NULL, NULL);

INSERT INTO public.hedgerow_auth_attempt VALUES ('\x1a6cddd1f281f4b8c214f14d3455e0b89f9972b1d471910186b415cb3c2d1a28', 1, '2026-11-22 17:17:47.256257+00');

INSERT INTO public.hedgerow_auth_credential VALUES ('e818b23e-c5b7-44d0-bf78-c9750706ee11', '$argon2id$v=19$m=19456,t=2,p=1$L561ehb24J4hpCq1YNBnYw$D+SRKcz0pFgBq3jf62ZRae+Qz9zHTIMybxvFx7zJlAs', '2026-11-22 17:17:47.256257+00');

INSERT INTO public.hedgerow_auth_event VALUES (1, '2026-11-22 17:17:47.256257+00', 'signed_up', 'e818b23e-c5b7-44d0-bf78-c9750706ee11', '127.0.0.1', 'python-httpx2/2.16.2', '');
INSERT INTO public.hedgerow_auth_event VALUES (2, '2026-11-22 17:17:47.527836+00', 'api_key_created', 'e818b23e-c5b7-44d0-bf78-c9750706ee11', '127.0.0.1', 'python-httpx2/2.16.2', 'robot hk_tJbxd');

INSERT INTO public.hedgerow_auth_refresh VALUES ('\xc42908e321eab1039f039c34f79f514c4974a0b90198ab51c27762b37bd3d25c', '6732e814-3066-42e6-927d-8b607fc04744', NULL);

INSERT INTO public.hedgerow_auth_session VALUES ('6732e814-3066-42e6-927d-8b607fc04744', 'e818b23e-c5b7-44d0-bf78-c9750706ee11', '2026-11-22 17:17:47.256257+00', '2026-11-22 17:17:47.256257+00', '2026-12-22 17:17:47.256257+00', '127.0.0.1', 'python-httpx2/2.16.2', NULL);

INSERT INTO public.hedgerow_change VALUES (12025, 1, '"user"', 'insert', NULL, '{"id":"e818b23e-c5b7-44d0-bf78-c9750706ee11","email":"ann@snapshots.example","email_verified":false,"roles":[],"disabled":false,"anonymous":false,"locale":null,"created_at":"2026-11-22T17:17:47.375505+00:00","name":"Ann"}', '2026-11-22 17:17:47.376868+00');
INSERT INTO public.hedgerow_change VALUES (12030, 2, '"note"', 'insert', NULL, '{"id":1,"title":"first","shown":false,"paper":null,"author_id":"e818b23e-c5b7-44d0-bf78-c9750706ee11"}', '2026-11-22 17:17:47.662666+00');
INSERT INTO public.hedgerow_change VALUES (12031, 3, '"note"', 'insert', NULL, '{"id":2,"title":"second","shown":false,"paper":null,"author_id":"e818b23e-c5b7-44d0-bf78-c9750706ee11"}', '2026-11-22 17:17:47.684372+00');
INSERT INTO public.hedgerow_change VALUES (12032, 4, '"note"', 'insert', NULL, '{"id":3,"title":"third","shown":false,"paper":null,"author_id":"e818b23e-c5b7-44d0-bf78-c9750706ee11"}', '2026-11-22 17:17:47.690541+00');
INSERT INTO public.hedgerow_change VALUES (12033, 5, '"note"', 'update', '{"id":3,"title":"third","shown":false,"paper":null,"author_id":"e818b23e-c5b7-44d0-bf78-c9750706ee11"}', '{"id":3,"title":"third","shown":true,"paper":null,"author_id":"e818b23e-c5b7-44d0-bf78-c9750706ee11"}', '2026-11-22 17:17:47.713228+00');
INSERT INTO public.hedgerow_change VALUES (12039, 6, '"note"', 'insert', NULL, '{"id":4,"title":"paper","shown":false,"paper":"1a5b8cea-aaf5-4aef-8f6a-f4b2b2ee7cc7","author_id":"e818b23e-c5b7-44d0-bf78-c9750706ee11"}', '2026-11-22 17:17:48.424166+00');

INSERT INTO public.hedgerow_feed VALUES (true, 'f73a33b2270b30f9', '7711031010275272841:00000001:47877:49069', 0, 0);

INSERT INTO public.hedgerow_file VALUES ('1a5b8cea-aaf5-4aef-8f6a-f4b2b2ee7cc7', 'Note', 'paper', 'e818b23e-c5b7-44d0-bf78-c9750706ee11', 'held', NULL, 'paper.txt', 21, 'text/plain', '7c544c4e238b6c90bdf27a01c09bc807a651e6db79bfec4f0396c60382e3c195', NULL, NULL, NULL, false, '2026-11-22 17:17:48.31003+00', NULL);

INSERT INTO public.hedgerow_upload VALUES ('1a5b8cea-aaf5-4aef-8f6a-f4b2b2ee7cc7', '4b4efddc5824cd96d9718da3ef54ec9622f641d434096cf0f2029a7c9969088f', NULL, NULL, NULL, false);

INSERT INTO public.note VALUES (1, 'first', false, NULL, 'e818b23e-c5b7-44d0-bf78-c9750706ee11');
INSERT INTO public.note VALUES (2, 'second', false, NULL, 'e818b23e-c5b7-44d0-bf78-c9750706ee11');
INSERT INTO public.note VALUES (3, 'third', true, NULL, 'e818b23e-c5b7-44d0-bf78-c9750706ee11');
INSERT INTO public.note VALUES (4, 'paper', false, '1a5b8cea-aaf5-4aef-8f6a-f4b2b2ee7cc7', 'e818b23e-c5b7-44d0-bf78-c9750706ee11');

INSERT INTO public."user" VALUES ('e818b23e-c5b7-44d0-bf78-c9750706ee11', 'ann@snapshots.example', false, '[]', false, false, NULL, '2026-11-22 17:17:47.375505+00', 'Ann');

SELECT pg_catalog.setval('public.hedgerow_auth_event_id_seq', 2, true);

SELECT pg_catalog.setval('public.hedgerow_change_sequence_seq', 6, true);

SELECT pg_catalog.setval('public.note_id_seq', 4, true);

ALTER TABLE ONLY public.hedgerow_auth_api_key
    ADD CONSTRAINT hedgerow_auth_api_key_hash_key UNIQUE (hash);

ALTER TABLE ONLY public.hedgerow_auth_api_key
    ADD CONSTRAINT hedgerow_auth_api_key_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.hedgerow_auth_attempt
    ADD CONSTRAINT hedgerow_auth_attempt_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY public.hedgerow_auth_challenge
    ADD CONSTRAINT hedgerow_auth_challenge_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY public.hedgerow_auth_code
    ADD CONSTRAINT hedgerow_auth_code_pkey PRIMARY KEY (subject);

ALTER TABLE ONLY public.hedgerow_auth_code
    ADD CONSTRAINT hedgerow_auth_code_token_key UNIQUE (token);

ALTER TABLE ONLY public.hedgerow_auth_credential
    ADD CONSTRAINT hedgerow_auth_credential_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.hedgerow_auth_event
    ADD CONSTRAINT hedgerow_auth_event_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.hedgerow_auth_identity
    ADD CONSTRAINT hedgerow_auth_identity_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.hedgerow_auth_identity
    ADD CONSTRAINT hedgerow_auth_identity_provider_subject_key UNIQUE (provider, subject);

ALTER TABLE ONLY public.hedgerow_auth_passkey
    ADD CONSTRAINT hedgerow_auth_passkey_credential_key UNIQUE (credential);

ALTER TABLE ONLY public.hedgerow_auth_passkey
    ADD CONSTRAINT hedgerow_auth_passkey_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.hedgerow_auth_recovery
    ADD CONSTRAINT hedgerow_auth_recovery_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY public.hedgerow_auth_refresh
    ADD CONSTRAINT hedgerow_auth_refresh_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY public.hedgerow_auth_session
    ADD CONSTRAINT hedgerow_auth_session_cookie_key UNIQUE (cookie);

ALTER TABLE ONLY public.hedgerow_auth_session
    ADD CONSTRAINT hedgerow_auth_session_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.hedgerow_auth_totp
    ADD CONSTRAINT hedgerow_auth_totp_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.hedgerow_change
    ADD CONSTRAINT hedgerow_change_pkey PRIMARY KEY (sequence);

ALTER TABLE ONLY public.hedgerow_feed
    ADD CONSTRAINT hedgerow_feed_pkey PRIMARY KEY (one);

ALTER TABLE ONLY public.hedgerow_file_owner
    ADD CONSTRAINT hedgerow_file_owner_pkey PRIMARY KEY (owner);

ALTER TABLE ONLY public.hedgerow_file
    ADD CONSTRAINT hedgerow_file_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.hedgerow_idempotency
    ADD CONSTRAINT hedgerow_idempotency_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.hedgerow_picture
    ADD CONSTRAINT hedgerow_picture_pkey PRIMARY KEY (file_id, spec);

ALTER TABLE ONLY public.hedgerow_upload
    ADD CONSTRAINT hedgerow_upload_pkey PRIMARY KEY (file_id);

ALTER TABLE ONLY public.note
    ADD CONSTRAINT note_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public."user"
    ADD CONSTRAINT user_email_key UNIQUE (email);

ALTER TABLE ONLY public."user"
    ADD CONSTRAINT user_pkey PRIMARY KEY (id);

CREATE INDEX ix_hedgerow_auth_api_key_user_id ON public.hedgerow_auth_api_key USING btree (user_id);

CREATE INDEX ix_hedgerow_auth_attempt_last_at ON public.hedgerow_auth_attempt USING btree (last_at);

CREATE INDEX ix_hedgerow_auth_challenge_expires_at ON public.hedgerow_auth_challenge USING btree (expires_at);

CREATE INDEX ix_hedgerow_auth_code_expires_at ON public.hedgerow_auth_code USING btree (expires_at);

CREATE INDEX ix_hedgerow_auth_event_at ON public.hedgerow_auth_event USING btree (at);

CREATE INDEX ix_hedgerow_auth_event_user_id ON public.hedgerow_auth_event USING btree (user_id);

CREATE INDEX ix_hedgerow_auth_identity_user_id ON public.hedgerow_auth_identity USING btree (user_id);

CREATE INDEX ix_hedgerow_auth_passkey_user_id ON public.hedgerow_auth_passkey USING btree (user_id);

CREATE INDEX ix_hedgerow_auth_recovery_user_id ON public.hedgerow_auth_recovery USING btree (user_id);

CREATE INDEX ix_hedgerow_auth_refresh_session_id ON public.hedgerow_auth_refresh USING btree (session_id);

CREATE INDEX ix_hedgerow_auth_session_expires_at ON public.hedgerow_auth_session USING btree (expires_at);

CREATE INDEX ix_hedgerow_auth_session_user_id ON public.hedgerow_auth_session USING btree (user_id);

CREATE INDEX ix_hedgerow_file_loose_until ON public.hedgerow_file USING btree (loose_until);

CREATE INDEX ix_hedgerow_file_owner ON public.hedgerow_file USING btree (owner);

CREATE INDEX ix_hedgerow_file_until ON public.hedgerow_file USING btree (until);

CREATE INDEX ix_hedgerow_idempotency_created_at ON public.hedgerow_idempotency USING btree (created_at);

CREATE INDEX ix_hedgerow_upload_sender ON public.hedgerow_upload USING btree (sender);

CREATE INDEX ix_note_author_id ON public.note USING btree (author_id);

CREATE TRIGGER hedgerow_aside_file_delete_ea2e265d5e3f AFTER DELETE ON public.note REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.hedgerow_aside_0eb4fc5d25a9();

ALTER TABLE public.note ENABLE ALWAYS TRIGGER hedgerow_aside_file_delete_ea2e265d5e3f;

CREATE TRIGGER hedgerow_aside_file_insert_5105b92f7aec AFTER INSERT ON public.note REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.hedgerow_aside_22bbc44469da();

ALTER TABLE public.note ENABLE ALWAYS TRIGGER hedgerow_aside_file_insert_5105b92f7aec;

CREATE TRIGGER hedgerow_aside_file_truncate_0af73e0ffc6b AFTER TRUNCATE ON public.note FOR EACH STATEMENT EXECUTE FUNCTION public.hedgerow_aside_5e162285534f();

ALTER TABLE public.note ENABLE ALWAYS TRIGGER hedgerow_aside_file_truncate_0af73e0ffc6b;

CREATE TRIGGER hedgerow_aside_file_update_5be275a1a3ca AFTER UPDATE ON public.note REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.hedgerow_aside_6f3e894b9606();

ALTER TABLE public.note ENABLE ALWAYS TRIGGER hedgerow_aside_file_update_5be275a1a3ca;

CREATE TRIGGER hedgerow_change AFTER INSERT OR DELETE OR UPDATE ON public.note FOR EACH ROW EXECUTE FUNCTION public.hedgerow_change('"note"');

ALTER TABLE public.note ENABLE ALWAYS TRIGGER hedgerow_change;

CREATE TRIGGER hedgerow_change AFTER INSERT OR DELETE OR UPDATE ON public."user" FOR EACH ROW EXECUTE FUNCTION public.hedgerow_change('"user"');

ALTER TABLE public."user" ENABLE ALWAYS TRIGGER hedgerow_change;

CREATE TRIGGER hedgerow_change_truncate AFTER TRUNCATE ON public.note FOR EACH STATEMENT EXECUTE FUNCTION public.hedgerow_change('"note"');

ALTER TABLE public.note ENABLE ALWAYS TRIGGER hedgerow_change_truncate;

CREATE TRIGGER hedgerow_change_truncate AFTER TRUNCATE ON public."user" FOR EACH STATEMENT EXECUTE FUNCTION public.hedgerow_change('"user"');

ALTER TABLE public."user" ENABLE ALWAYS TRIGGER hedgerow_change_truncate;

ALTER TABLE ONLY public.hedgerow_auth_refresh
    ADD CONSTRAINT hedgerow_auth_refresh_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.hedgerow_auth_session(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.hedgerow_upload
    ADD CONSTRAINT hedgerow_upload_file_id_fkey FOREIGN KEY (file_id) REFERENCES public.hedgerow_file(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.note
    ADD CONSTRAINT note_author_id_fkey FOREIGN KEY (author_id) REFERENCES public."user"(id);
