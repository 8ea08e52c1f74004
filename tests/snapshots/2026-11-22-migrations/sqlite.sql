BEGIN TRANSACTION;
CREATE TABLE hedgerow_auth_api_key (
	id CHAR(32) NOT NULL, 
	user_id CHAR(32), 
	hash BLOB NOT NULL, 
	hint VARCHAR(16) NOT NULL, 
	name VARCHAR(100) NOT NULL, 
	roles JSON, 
	claims JSON, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME, 
	used_at DATETIME, 
	PRIMARY KEY (id), 
	UNIQUE (hash)
);
INSERT INTO "hedgerow_auth_api_key" VALUES('5bbccedcde6545d3a79bdd810255d288','e02dad36baeb48b3bfb5646555d7a7a3',X'455D2DF1207207033D781D61FCBC3D631A01DC5521916D10DD915F6861EB8C54','hk_BjNF6','robot','null','null','2026-11-22 17:17:44.934527',NULL,NULL);
CREATE TABLE hedgerow_auth_attempt (
	hash BLOB NOT NULL, 
	failures INTEGER NOT NULL, 
	last_at DATETIME NOT NULL, 
	PRIMARY KEY (hash)
);
INSERT INTO "hedgerow_auth_attempt" VALUES(X'1A6CDDD1F281F4B8C214F14D3455E0B89F9972B1D471910186B415CB3C2D1A28',1,'2026-11-22 17:17:44.724066');
CREATE TABLE hedgerow_auth_challenge (
	hash BLOB NOT NULL, 
	user_id CHAR(32), 
	data JSON NOT NULL, 
	expires_at DATETIME NOT NULL, 
	PRIMARY KEY (hash)
);
CREATE TABLE hedgerow_auth_code (
	subject BLOB NOT NULL, 
	token BLOB NOT NULL, 
	code BLOB NOT NULL, 
	purpose VARCHAR(20) NOT NULL, 
	user_id CHAR(32) NOT NULL, 
	email VARCHAR(254) NOT NULL, 
	expires_at DATETIME NOT NULL, 
	tries INTEGER NOT NULL, 
	PRIMARY KEY (subject), 
	UNIQUE (token)
);
CREATE TABLE hedgerow_auth_credential (
	user_id CHAR(32) NOT NULL, 
	password VARCHAR(1024) NOT NULL, 
	changed_at DATETIME NOT NULL, 
	PRIMARY KEY (user_id)
);
INSERT INTO "hedgerow_auth_credential" VALUES('e02dad36baeb48b3bfb5646555d7a7a3','$argon2id$v=19$m=19456,t=2,p=1$RWjT61Pov+dsd7ad4VbD4w$kon73Ho551iul9Pd+55mZsgYbUxb0AzhzNOpseg6+mY','2026-11-22 17:17:44.724066');
CREATE TABLE hedgerow_auth_event (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	kind VARCHAR(40) NOT NULL, 
	user_id CHAR(32), 
	address VARCHAR(64) NOT NULL, 
	agent VARCHAR(256) NOT NULL, 
	about VARCHAR(500) NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "hedgerow_auth_event" VALUES(1,'2026-11-22 17:17:44.724066','signed_up','e02dad36baeb48b3bfb5646555d7a7a3','127.0.0.1','python-httpx2/2.16.2','');
INSERT INTO "hedgerow_auth_event" VALUES(2,'2026-11-22 17:17:44.934527','api_key_created','e02dad36baeb48b3bfb5646555d7a7a3','127.0.0.1','python-httpx2/2.16.2','robot hk_BjNF6');
CREATE TABLE hedgerow_auth_identity (
	id CHAR(32) NOT NULL, 
	provider VARCHAR(64) NOT NULL, 
	subject VARCHAR(255) NOT NULL, 
	user_id CHAR(32) NOT NULL, 
	email VARCHAR(254), 
	created_at DATETIME NOT NULL, 
	used_at DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (provider, subject)
);
CREATE TABLE hedgerow_auth_passkey (
	id CHAR(32) NOT NULL, 
	user_id CHAR(32) NOT NULL, 
	credential BLOB NOT NULL, 
	handle BLOB NOT NULL, 
	public_key BLOB NOT NULL, 
	sign_count BIGINT NOT NULL, 
	transports JSON NOT NULL, 
	second_factor BOOLEAN NOT NULL, 
	synced BOOLEAN NOT NULL, 
	name VARCHAR(100) NOT NULL, 
	created_at DATETIME NOT NULL, 
	used_at DATETIME, 
	PRIMARY KEY (id), 
	UNIQUE (credential)
);
CREATE TABLE hedgerow_auth_recovery (
	hash BLOB NOT NULL, 
	user_id CHAR(32) NOT NULL, 
	PRIMARY KEY (hash)
);
CREATE TABLE hedgerow_auth_refresh (
	hash BLOB NOT NULL, 
	session_id CHAR(32) NOT NULL, 
	used_at DATETIME, 
	PRIMARY KEY (hash), 
	FOREIGN KEY(session_id) REFERENCES hedgerow_auth_session (id) ON DELETE CASCADE
);
INSERT INTO "hedgerow_auth_refresh" VALUES(X'2B8780D99DC64C3EE0553D4CFA9DCAE31D8893DB7301B07913AF01A004196294','f1df7a541b444d1fb740aed9858c39cd',NULL);
CREATE TABLE hedgerow_auth_session (
	id CHAR(32) NOT NULL, 
	user_id CHAR(32) NOT NULL, 
	created_at DATETIME NOT NULL, 
	used_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	address VARCHAR(64) NOT NULL, 
	agent VARCHAR(256) NOT NULL, 
	cookie BLOB, 
	PRIMARY KEY (id), 
	UNIQUE (cookie)
);
INSERT INTO "hedgerow_auth_session" VALUES('f1df7a541b444d1fb740aed9858c39cd','e02dad36baeb48b3bfb5646555d7a7a3','2026-11-22 17:17:44.724066','2026-11-22 17:17:44.724066','2026-12-22 17:17:44.724066','127.0.0.1','python-httpx2/2.16.2',NULL);
CREATE TABLE hedgerow_auth_totp (
	user_id CHAR(32) NOT NULL, 
	secret BLOB, 
	last_step BIGINT NOT NULL, 
	pending BLOB, 
	pending_until DATETIME, 
	PRIMARY KEY (user_id)
);
CREATE TABLE hedgerow_change (sequence INTEGER PRIMARY KEY AUTOINCREMENT, "table" TEXT NOT NULL, operation TEXT NOT NULL, before TEXT, after TEXT, moment INTEGER NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER)));
INSERT INTO "hedgerow_change" VALUES(1,'"user"','insert',NULL,'{"id":"e02dad36baeb48b3bfb5646555d7a7a3","email":"ann@snapshots.example","email_verified":0,"roles":"[]","disabled":0,"anonymous":0,"locale":null,"created_at":"2026-11-22 17:17:44.848336","name":"Ann"}',1795367864);
INSERT INTO "hedgerow_change" VALUES(2,'"note"','insert',NULL,'{"id":1,"title":"first","shown":0,"paper":null,"author_id":"e02dad36baeb48b3bfb5646555d7a7a3"}',1795367865);
INSERT INTO "hedgerow_change" VALUES(3,'"note"','insert',NULL,'{"id":2,"title":"second","shown":0,"paper":null,"author_id":"e02dad36baeb48b3bfb5646555d7a7a3"}',1795367865);
INSERT INTO "hedgerow_change" VALUES(4,'"note"','insert',NULL,'{"id":3,"title":"third","shown":0,"paper":null,"author_id":"e02dad36baeb48b3bfb5646555d7a7a3"}',1795367865);
INSERT INTO "hedgerow_change" VALUES(5,'"note"','update','{"id":3,"title":"third","shown":0,"paper":null,"author_id":"e02dad36baeb48b3bfb5646555d7a7a3"}','{"id":3,"title":"third","shown":1,"paper":null,"author_id":"e02dad36baeb48b3bfb5646555d7a7a3"}',1795367865);
INSERT INTO "hedgerow_change" VALUES(6,'"note"','insert',NULL,'{"id":4,"title":"paper","shown":0,"paper":"f305d563ec2347cb9a8386b0fd4d1ace","author_id":"e02dad36baeb48b3bfb5646555d7a7a3"}',1795367865);
CREATE TABLE hedgerow_feed (one INTEGER PRIMARY KEY CHECK (one = 1), epoch TEXT NOT NULL, identity TEXT NOT NULL, pruned_transaction INTEGER NOT NULL, pruned_sequence INTEGER NOT NULL);
INSERT INTO "hedgerow_feed" VALUES(1,'c16094b502174529','65024:2361828',0,0);
CREATE TABLE hedgerow_file (
	id CHAR(32) NOT NULL, 
	model VARCHAR(255) NOT NULL, 
	field VARCHAR(255) NOT NULL, 
	owner VARCHAR(255), 
	state VARCHAR(8) NOT NULL, 
	until DATETIME, 
	name VARCHAR(255) NOT NULL, 
	size BIGINT, 
	content_type VARCHAR(255) NOT NULL, 
	checksum VARCHAR(64), 
	width INTEGER, 
	height INTEGER, 
	blurhash VARCHAR(64), 
	public BOOLEAN NOT NULL, 
	created_at DATETIME NOT NULL, 
	loose_until DATETIME, 
	PRIMARY KEY (id)
);
INSERT INTO "hedgerow_file" VALUES('f305d563ec2347cb9a8386b0fd4d1ace','Note','paper','e02dad36-baeb-48b3-bfb5-646555d7a7a3','held',NULL,'paper.txt',21,'text/plain','7c544c4e238b6c90bdf27a01c09bc807a651e6db79bfec4f0396c60382e3c195',NULL,NULL,NULL,0,'2026-11-22 17:17:45.121962',NULL);
CREATE TABLE hedgerow_file_owner (
	owner VARCHAR(255) NOT NULL, 
	PRIMARY KEY (owner)
);
CREATE TABLE hedgerow_file_replaced (
	model VARCHAR(255) NOT NULL, 
	file_id CHAR(32) NOT NULL
);
CREATE TABLE hedgerow_idempotency (
	"key" TEXT NOT NULL, 
	request TEXT NOT NULL, 
	answer TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY ("key")
);
CREATE TABLE hedgerow_picture (
	file_id CHAR(32) NOT NULL, 
	spec VARCHAR(64) NOT NULL, 
	size BIGINT, 
	content_type VARCHAR(255) NOT NULL, 
	made_at DATETIME NOT NULL, 
	PRIMARY KEY (file_id, spec)
);
CREATE TABLE hedgerow_replaced ("table" TEXT NOT NULL, image TEXT NOT NULL, same INTEGER NOT NULL);
CREATE TABLE hedgerow_upload (
	file_id CHAR(32) NOT NULL, 
	sender VARCHAR(64), 
	metadata TEXT, 
	holder CHAR(32), 
	held_until DATETIME, 
	wanted BOOLEAN NOT NULL, 
	PRIMARY KEY (file_id), 
	FOREIGN KEY(file_id) REFERENCES hedgerow_file (id) ON DELETE CASCADE
);
INSERT INTO "hedgerow_upload" VALUES('f305d563ec2347cb9a8386b0fd4d1ace','9e91c82552efcdc1b86b356e87da4bfa25ccc443d0a6aebd62722e9629bb5945',NULL,NULL,NULL,0);
CREATE TABLE note (
	id INTEGER NOT NULL, 
	title VARCHAR NOT NULL, 
	shown BOOLEAN NOT NULL, 
	paper CHAR(32), 
	author_id CHAR(32) NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(author_id) REFERENCES user (id)
);
INSERT INTO "note" VALUES(1,'first',0,NULL,'e02dad36baeb48b3bfb5646555d7a7a3');
INSERT INTO "note" VALUES(2,'second',0,NULL,'e02dad36baeb48b3bfb5646555d7a7a3');
INSERT INTO "note" VALUES(3,'third',1,NULL,'e02dad36baeb48b3bfb5646555d7a7a3');
INSERT INTO "note" VALUES(4,'paper',0,'f305d563ec2347cb9a8386b0fd4d1ace','e02dad36baeb48b3bfb5646555d7a7a3');
CREATE TABLE user (
	id CHAR(32) NOT NULL, 
	email VARCHAR(254), 
	email_verified BOOLEAN DEFAULT 0 NOT NULL, 
	roles JSON NOT NULL, 
	disabled BOOLEAN DEFAULT 0 NOT NULL, 
	anonymous BOOLEAN DEFAULT 0 NOT NULL, 
	locale VARCHAR(35), 
	created_at DATETIME NOT NULL, 
	name VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (email)
);
INSERT INTO "user" VALUES('e02dad36baeb48b3bfb5646555d7a7a3','ann@snapshots.example',0,'[]',0,0,NULL,'2026-11-22 17:17:44.848336','Ann');
CREATE INDEX ix_hedgerow_auth_identity_user_id ON hedgerow_auth_identity (user_id);
CREATE INDEX ix_hedgerow_auth_passkey_user_id ON hedgerow_auth_passkey (user_id);
CREATE INDEX ix_hedgerow_auth_recovery_user_id ON hedgerow_auth_recovery (user_id);
CREATE INDEX ix_hedgerow_auth_api_key_user_id ON hedgerow_auth_api_key (user_id);
CREATE INDEX ix_hedgerow_auth_challenge_expires_at ON hedgerow_auth_challenge (expires_at);
CREATE INDEX ix_hedgerow_auth_code_expires_at ON hedgerow_auth_code (expires_at);
CREATE INDEX ix_hedgerow_auth_attempt_last_at ON hedgerow_auth_attempt (last_at);
CREATE INDEX ix_hedgerow_auth_session_expires_at ON hedgerow_auth_session (expires_at);
CREATE INDEX ix_hedgerow_auth_session_user_id ON hedgerow_auth_session (user_id);
CREATE INDEX ix_hedgerow_auth_event_at ON hedgerow_auth_event (at);
CREATE INDEX ix_hedgerow_auth_event_user_id ON hedgerow_auth_event (user_id);
CREATE INDEX ix_hedgerow_auth_refresh_session_id ON hedgerow_auth_refresh (session_id);
CREATE INDEX ix_hedgerow_file_until ON hedgerow_file (until);
CREATE INDEX ix_hedgerow_file_loose_until ON hedgerow_file (loose_until);
CREATE INDEX ix_hedgerow_file_owner ON hedgerow_file (owner);
CREATE INDEX ix_hedgerow_upload_sender ON hedgerow_upload (sender);
CREATE INDEX ix_note_author_id ON note (author_id);
CREATE INDEX ix_hedgerow_idempotency_created_at ON hedgerow_idempotency (created_at);
CREATE TRIGGER "hedgerow_change_update_user" AFTER UPDATE ON "user" BEGIN INSERT INTO hedgerow_change ("table", operation, before, after) VALUES ('"user"', 'update', json_object('id', CASE typeof(OLD."id") WHEN 'real' THEN json(CASE OLD."id" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."id") END) WHEN 'blob' THEN json_array(hex(OLD."id")) ELSE OLD."id" END, 'email', CASE typeof(OLD."email") WHEN 'real' THEN json(CASE OLD."email" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."email") END) WHEN 'blob' THEN json_array(hex(OLD."email")) ELSE OLD."email" END, 'email_verified', CASE typeof(OLD."email_verified") WHEN 'real' THEN json(CASE OLD."email_verified" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."email_verified") END) WHEN 'blob' THEN json_array(hex(OLD."email_verified")) ELSE OLD."email_verified" END, 'roles', CASE typeof(OLD."roles") WHEN 'real' THEN json(CASE OLD."roles" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."roles") END) WHEN 'blob' THEN json_array(hex(OLD."roles")) ELSE OLD."roles" END, 'disabled', CASE typeof(OLD."disabled") WHEN 'real' THEN json(CASE OLD."disabled" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."disabled") END) WHEN 'blob' THEN json_array(hex(OLD."disabled")) ELSE OLD."disabled" END, 'anonymous', CASE typeof(OLD."anonymous") WHEN 'real' THEN json(CASE OLD."anonymous" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."anonymous") END) WHEN 'blob' THEN json_array(hex(OLD."anonymous")) ELSE OLD."anonymous" END, 'locale', CASE typeof(OLD."locale") WHEN 'real' THEN json(CASE OLD."locale" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."locale") END) WHEN 'blob' THEN json_array(hex(OLD."locale")) ELSE OLD."locale" END, 'created_at', CASE typeof(OLD."created_at") WHEN 'real' THEN json(CASE OLD."created_at" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."created_at") END) WHEN 'blob' THEN json_array(hex(OLD."created_at")) ELSE OLD."created_at" END, 'name', CASE typeof(OLD."name") WHEN 'real' THEN json(CASE OLD."name" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."name") END) WHEN 'blob' THEN json_array(hex(OLD."name")) ELSE OLD."name" END), json_object('id', CASE typeof(NEW."id") WHEN 'real' THEN json(CASE NEW."id" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."id") END) WHEN 'blob' THEN json_array(hex(NEW."id")) ELSE NEW."id" END, 'email', CASE typeof(NEW."email") WHEN 'real' THEN json(CASE NEW."email" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."email") END) WHEN 'blob' THEN json_array(hex(NEW."email")) ELSE NEW."email" END, 'email_verified', CASE typeof(NEW."email_verified") WHEN 'real' THEN json(CASE NEW."email_verified" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."email_verified") END) WHEN 'blob' THEN json_array(hex(NEW."email_verified")) ELSE NEW."email_verified" END, 'roles', CASE typeof(NEW."roles") WHEN 'real' THEN json(CASE NEW."roles" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."roles") END) WHEN 'blob' THEN json_array(hex(NEW."roles")) ELSE NEW."roles" END, 'disabled', CASE typeof(NEW."disabled") WHEN 'real' THEN json(CASE NEW."disabled" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."disabled") END) WHEN 'blob' THEN json_array(hex(NEW."disabled")) ELSE NEW."disabled" END, 'anonymous', CASE typeof(NEW."anonymous") WHEN 'real' THEN json(CASE NEW."anonymous" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."anonymous") END) WHEN 'blob' THEN json_array(hex(NEW."anonymous")) ELSE NEW."anonymous" END, 'locale', CASE typeof(NEW."locale") WHEN 'real' THEN json(CASE NEW."locale" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."locale") END) WHEN 'blob' THEN json_array(hex(NEW."locale")) ELSE NEW."locale" END, 'created_at', CASE typeof(NEW."created_at") WHEN 'real' THEN json(CASE NEW."created_at" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."created_at") END) WHEN 'blob' THEN json_array(hex(NEW."created_at")) ELSE NEW."created_at" END, 'name', CASE typeof(NEW."name") WHEN 'real' THEN json(CASE NEW."name" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."name") END) WHEN 'blob' THEN json_array(hex(NEW."name")) ELSE NEW."name" END)); END;
CREATE TRIGGER "hedgerow_change_replace_user" BEFORE INSERT ON "user" BEGIN DELETE FROM hedgerow_replaced WHERE "table" = '"user"'; INSERT INTO hedgerow_replaced SELECT '"user"', json_object('id', CASE typeof(o."id") WHEN 'real' THEN json(CASE o."id" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."id") END) WHEN 'blob' THEN json_array(hex(o."id")) ELSE o."id" END, 'email', CASE typeof(o."email") WHEN 'real' THEN json(CASE o."email" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."email") END) WHEN 'blob' THEN json_array(hex(o."email")) ELSE o."email" END, 'email_verified', CASE typeof(o."email_verified") WHEN 'real' THEN json(CASE o."email_verified" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."email_verified") END) WHEN 'blob' THEN json_array(hex(o."email_verified")) ELSE o."email_verified" END, 'roles', CASE typeof(o."roles") WHEN 'real' THEN json(CASE o."roles" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."roles") END) WHEN 'blob' THEN json_array(hex(o."roles")) ELSE o."roles" END, 'disabled', CASE typeof(o."disabled") WHEN 'real' THEN json(CASE o."disabled" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."disabled") END) WHEN 'blob' THEN json_array(hex(o."disabled")) ELSE o."disabled" END, 'anonymous', CASE typeof(o."anonymous") WHEN 'real' THEN json(CASE o."anonymous" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."anonymous") END) WHEN 'blob' THEN json_array(hex(o."anonymous")) ELSE o."anonymous" END, 'locale', CASE typeof(o."locale") WHEN 'real' THEN json(CASE o."locale" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."locale") END) WHEN 'blob' THEN json_array(hex(o."locale")) ELSE o."locale" END, 'created_at', CASE typeof(o."created_at") WHEN 'real' THEN json(CASE o."created_at" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."created_at") END) WHEN 'blob' THEN json_array(hex(o."created_at")) ELSE o."created_at" END, 'name', CASE typeof(o."name") WHEN 'real' THEN json(CASE o."name" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."name") END) WHEN 'blob' THEN json_array(hex(o."name")) ELSE o."name" END), o."id" = NEW."id" FROM "user" AS o WHERE ((o."id" = NEW."id") OR (o."email" = NEW."email" COLLATE "BINARY")); END;
CREATE TRIGGER "hedgerow_change_insert_user" AFTER INSERT ON "user" BEGIN INSERT INTO hedgerow_change ("table", operation, before, after) SELECT '"user"', 'delete', image, NULL FROM hedgerow_replaced WHERE "table" = '"user"' AND NOT same; INSERT INTO hedgerow_change ("table", operation, before, after) VALUES ('"user"', CASE WHEN (SELECT image FROM hedgerow_replaced WHERE "table" = '"user"' AND same) IS NULL THEN 'insert' ELSE 'update' END, (SELECT image FROM hedgerow_replaced WHERE "table" = '"user"' AND same), json_object('id', CASE typeof(NEW."id") WHEN 'real' THEN json(CASE NEW."id" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."id") END) WHEN 'blob' THEN json_array(hex(NEW."id")) ELSE NEW."id" END, 'email', CASE typeof(NEW."email") WHEN 'real' THEN json(CASE NEW."email" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."email") END) WHEN 'blob' THEN json_array(hex(NEW."email")) ELSE NEW."email" END, 'email_verified', CASE typeof(NEW."email_verified") WHEN 'real' THEN json(CASE NEW."email_verified" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."email_verified") END) WHEN 'blob' THEN json_array(hex(NEW."email_verified")) ELSE NEW."email_verified" END, 'roles', CASE typeof(NEW."roles") WHEN 'real' THEN json(CASE NEW."roles" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."roles") END) WHEN 'blob' THEN json_array(hex(NEW."roles")) ELSE NEW."roles" END, 'disabled', CASE typeof(NEW."disabled") WHEN 'real' THEN json(CASE NEW."disabled" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."disabled") END) WHEN 'blob' THEN json_array(hex(NEW."disabled")) ELSE NEW."disabled" END, 'anonymous', CASE typeof(NEW."anonymous") WHEN 'real' THEN json(CASE NEW."anonymous" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."anonymous") END) WHEN 'blob' THEN json_array(hex(NEW."anonymous")) ELSE NEW."anonymous" END, 'locale', CASE typeof(NEW."locale") WHEN 'real' THEN json(CASE NEW."locale" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."locale") END) WHEN 'blob' THEN json_array(hex(NEW."locale")) ELSE NEW."locale" END, 'created_at', CASE typeof(NEW."created_at") WHEN 'real' THEN json(CASE NEW."created_at" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."created_at") END) WHEN 'blob' THEN json_array(hex(NEW."created_at")) ELSE NEW."created_at" END, 'name', CASE typeof(NEW."name") WHEN 'real' THEN json(CASE NEW."name" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."name") END) WHEN 'blob' THEN json_array(hex(NEW."name")) ELSE NEW."name" END)); END;
CREATE TRIGGER "hedgerow_change_delete_user" AFTER DELETE ON "user" BEGIN INSERT INTO hedgerow_change ("table", operation, before, after) VALUES ('"user"', 'delete', json_object('id', CASE typeof(OLD."id") WHEN 'real' THEN json(CASE OLD."id" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."id") END) WHEN 'blob' THEN json_array(hex(OLD."id")) ELSE OLD."id" END, 'email', CASE typeof(OLD."email") WHEN 'real' THEN json(CASE OLD."email" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."email") END) WHEN 'blob' THEN json_array(hex(OLD."email")) ELSE OLD."email" END, 'email_verified', CASE typeof(OLD."email_verified") WHEN 'real' THEN json(CASE OLD."email_verified" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."email_verified") END) WHEN 'blob' THEN json_array(hex(OLD."email_verified")) ELSE OLD."email_verified" END, 'roles', CASE typeof(OLD."roles") WHEN 'real' THEN json(CASE OLD."roles" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."roles") END) WHEN 'blob' THEN json_array(hex(OLD."roles")) ELSE OLD."roles" END, 'disabled', CASE typeof(OLD."disabled") WHEN 'real' THEN json(CASE OLD."disabled" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."disabled") END) WHEN 'blob' THEN json_array(hex(OLD."disabled")) ELSE OLD."disabled" END, 'anonymous', CASE typeof(OLD."anonymous") WHEN 'real' THEN json(CASE OLD."anonymous" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."anonymous") END) WHEN 'blob' THEN json_array(hex(OLD."anonymous")) ELSE OLD."anonymous" END, 'locale', CASE typeof(OLD."locale") WHEN 'real' THEN json(CASE OLD."locale" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."locale") END) WHEN 'blob' THEN json_array(hex(OLD."locale")) ELSE OLD."locale" END, 'created_at', CASE typeof(OLD."created_at") WHEN 'real' THEN json(CASE OLD."created_at" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."created_at") END) WHEN 'blob' THEN json_array(hex(OLD."created_at")) ELSE OLD."created_at" END, 'name', CASE typeof(OLD."name") WHEN 'real' THEN json(CASE OLD."name" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."name") END) WHEN 'blob' THEN json_array(hex(OLD."name")) ELSE OLD."name" END), NULL); DELETE FROM hedgerow_replaced WHERE "table" = '"user"' AND image = json_object('id', CASE typeof(OLD."id") WHEN 'real' THEN json(CASE OLD."id" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."id") END) WHEN 'blob' THEN json_array(hex(OLD."id")) ELSE OLD."id" END, 'email', CASE typeof(OLD."email") WHEN 'real' THEN json(CASE OLD."email" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."email") END) WHEN 'blob' THEN json_array(hex(OLD."email")) ELSE OLD."email" END, 'email_verified', CASE typeof(OLD."email_verified") WHEN 'real' THEN json(CASE OLD."email_verified" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."email_verified") END) WHEN 'blob' THEN json_array(hex(OLD."email_verified")) ELSE OLD."email_verified" END, 'roles', CASE typeof(OLD."roles") WHEN 'real' THEN json(CASE OLD."roles" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."roles") END) WHEN 'blob' THEN json_array(hex(OLD."roles")) ELSE OLD."roles" END, 'disabled', CASE typeof(OLD."disabled") WHEN 'real' THEN json(CASE OLD."disabled" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."disabled") END) WHEN 'blob' THEN json_array(hex(OLD."disabled")) ELSE OLD."disabled" END, 'anonymous', CASE typeof(OLD."anonymous") WHEN 'real' THEN json(CASE OLD."anonymous" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."anonymous") END) WHEN 'blob' THEN json_array(hex(OLD."anonymous")) ELSE OLD."anonymous" END, 'locale', CASE typeof(OLD."locale") WHEN 'real' THEN json(CASE OLD."locale" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."locale") END) WHEN 'blob' THEN json_array(hex(OLD."locale")) ELSE OLD."locale" END, 'created_at', CASE typeof(OLD."created_at") WHEN 'real' THEN json(CASE OLD."created_at" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."created_at") END) WHEN 'blob' THEN json_array(hex(OLD."created_at")) ELSE OLD."created_at" END, 'name', CASE typeof(OLD."name") WHEN 'real' THEN json(CASE OLD."name" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."name") END) WHEN 'blob' THEN json_array(hex(OLD."name")) ELSE OLD."name" END); END;
CREATE TRIGGER "hedgerow_change_move_user" BEFORE UPDATE ON "user" WHEN NEW."email" IS NOT OLD."email" OR NEW."id" IS NOT OLD."id" BEGIN DELETE FROM hedgerow_replaced WHERE "table" = '"user"'; INSERT INTO hedgerow_replaced SELECT '"user"', json_object('id', CASE typeof(o."id") WHEN 'real' THEN json(CASE o."id" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."id") END) WHEN 'blob' THEN json_array(hex(o."id")) ELSE o."id" END, 'email', CASE typeof(o."email") WHEN 'real' THEN json(CASE o."email" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."email") END) WHEN 'blob' THEN json_array(hex(o."email")) ELSE o."email" END, 'email_verified', CASE typeof(o."email_verified") WHEN 'real' THEN json(CASE o."email_verified" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."email_verified") END) WHEN 'blob' THEN json_array(hex(o."email_verified")) ELSE o."email_verified" END, 'roles', CASE typeof(o."roles") WHEN 'real' THEN json(CASE o."roles" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."roles") END) WHEN 'blob' THEN json_array(hex(o."roles")) ELSE o."roles" END, 'disabled', CASE typeof(o."disabled") WHEN 'real' THEN json(CASE o."disabled" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."disabled") END) WHEN 'blob' THEN json_array(hex(o."disabled")) ELSE o."disabled" END, 'anonymous', CASE typeof(o."anonymous") WHEN 'real' THEN json(CASE o."anonymous" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."anonymous") END) WHEN 'blob' THEN json_array(hex(o."anonymous")) ELSE o."anonymous" END, 'locale', CASE typeof(o."locale") WHEN 'real' THEN json(CASE o."locale" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."locale") END) WHEN 'blob' THEN json_array(hex(o."locale")) ELSE o."locale" END, 'created_at', CASE typeof(o."created_at") WHEN 'real' THEN json(CASE o."created_at" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."created_at") END) WHEN 'blob' THEN json_array(hex(o."created_at")) ELSE o."created_at" END, 'name', CASE typeof(o."name") WHEN 'real' THEN json(CASE o."name" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."name") END) WHEN 'blob' THEN json_array(hex(o."name")) ELSE o."name" END), o."id" = NEW."id" FROM "user" AS o WHERE ((o."id" = NEW."id") OR (o."email" = NEW."email" COLLATE "BINARY")) AND NOT (o."email" IS OLD."email" AND o."id" IS OLD."id"); END;
CREATE TRIGGER "hedgerow_change_moved_user" AFTER UPDATE ON "user" WHEN NEW."email" IS NOT OLD."email" OR NEW."id" IS NOT OLD."id" BEGIN INSERT INTO hedgerow_change ("table", operation, before, after) SELECT '"user"', 'delete', image, NULL FROM hedgerow_replaced WHERE "table" = '"user"'; END;
CREATE TRIGGER "hedgerow_change_update_note" AFTER UPDATE ON "note" BEGIN INSERT INTO hedgerow_change ("table", operation, before, after) VALUES ('"note"', 'update', json_object('id', CASE typeof(OLD."id") WHEN 'real' THEN json(CASE OLD."id" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."id") END) WHEN 'blob' THEN json_array(hex(OLD."id")) ELSE OLD."id" END, 'title', CASE typeof(OLD."title") WHEN 'real' THEN json(CASE OLD."title" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."title") END) WHEN 'blob' THEN json_array(hex(OLD."title")) ELSE OLD."title" END, 'shown', CASE typeof(OLD."shown") WHEN 'real' THEN json(CASE OLD."shown" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."shown") END) WHEN 'blob' THEN json_array(hex(OLD."shown")) ELSE OLD."shown" END, 'paper', CASE typeof(OLD."paper") WHEN 'real' THEN json(CASE OLD."paper" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."paper") END) WHEN 'blob' THEN json_array(hex(OLD."paper")) ELSE OLD."paper" END, 'author_id', CASE typeof(OLD."author_id") WHEN 'real' THEN json(CASE OLD."author_id" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."author_id") END) WHEN 'blob' THEN json_array(hex(OLD."author_id")) ELSE OLD."author_id" END), json_object('id', CASE typeof(NEW."id") WHEN 'real' THEN json(CASE NEW."id" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."id") END) WHEN 'blob' THEN json_array(hex(NEW."id")) ELSE NEW."id" END, 'title', CASE typeof(NEW."title") WHEN 'real' THEN json(CASE NEW."title" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."title") END) WHEN 'blob' THEN json_array(hex(NEW."title")) ELSE NEW."title" END, 'shown', CASE typeof(NEW."shown") WHEN 'real' THEN json(CASE NEW."shown" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."shown") END) WHEN 'blob' THEN json_array(hex(NEW."shown")) ELSE NEW."shown" END, 'paper', CASE typeof(NEW."paper") WHEN 'real' THEN json(CASE NEW."paper" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."paper") END) WHEN 'blob' THEN json_array(hex(NEW."paper")) ELSE NEW."paper" END, 'author_id', CASE typeof(NEW."author_id") WHEN 'real' THEN json(CASE NEW."author_id" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."author_id") END) WHEN 'blob' THEN json_array(hex(NEW."author_id")) ELSE NEW."author_id" END)); END;
CREATE TRIGGER "hedgerow_change_replace_note" BEFORE INSERT ON "note" BEGIN DELETE FROM hedgerow_replaced WHERE "table" = '"note"'; INSERT INTO hedgerow_replaced SELECT '"note"', json_object('id', CASE typeof(o."id") WHEN 'real' THEN json(CASE o."id" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."id") END) WHEN 'blob' THEN json_array(hex(o."id")) ELSE o."id" END, 'title', CASE typeof(o."title") WHEN 'real' THEN json(CASE o."title" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."title") END) WHEN 'blob' THEN json_array(hex(o."title")) ELSE o."title" END, 'shown', CASE typeof(o."shown") WHEN 'real' THEN json(CASE o."shown" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."shown") END) WHEN 'blob' THEN json_array(hex(o."shown")) ELSE o."shown" END, 'paper', CASE typeof(o."paper") WHEN 'real' THEN json(CASE o."paper" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."paper") END) WHEN 'blob' THEN json_array(hex(o."paper")) ELSE o."paper" END, 'author_id', CASE typeof(o."author_id") WHEN 'real' THEN json(CASE o."author_id" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."author_id") END) WHEN 'blob' THEN json_array(hex(o."author_id")) ELSE o."author_id" END), o."id" = NEW."id" AND NEW."id" IS NOT -1 FROM "note" AS o WHERE ((o."id" = NEW."id" AND NEW."id" IS NOT -1)); END;
CREATE TRIGGER "hedgerow_change_insert_note" AFTER INSERT ON "note" BEGIN INSERT INTO hedgerow_change ("table", operation, before, after) SELECT '"note"', 'delete', image, NULL FROM hedgerow_replaced WHERE "table" = '"note"' AND NOT same; INSERT INTO hedgerow_change ("table", operation, before, after) VALUES ('"note"', CASE WHEN (SELECT image FROM hedgerow_replaced WHERE "table" = '"note"' AND same) IS NULL THEN 'insert' ELSE 'update' END, (SELECT image FROM hedgerow_replaced WHERE "table" = '"note"' AND same), json_object('id', CASE typeof(NEW."id") WHEN 'real' THEN json(CASE NEW."id" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."id") END) WHEN 'blob' THEN json_array(hex(NEW."id")) ELSE NEW."id" END, 'title', CASE typeof(NEW."title") WHEN 'real' THEN json(CASE NEW."title" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."title") END) WHEN 'blob' THEN json_array(hex(NEW."title")) ELSE NEW."title" END, 'shown', CASE typeof(NEW."shown") WHEN 'real' THEN json(CASE NEW."shown" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."shown") END) WHEN 'blob' THEN json_array(hex(NEW."shown")) ELSE NEW."shown" END, 'paper', CASE typeof(NEW."paper") WHEN 'real' THEN json(CASE NEW."paper" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."paper") END) WHEN 'blob' THEN json_array(hex(NEW."paper")) ELSE NEW."paper" END, 'author_id', CASE typeof(NEW."author_id") WHEN 'real' THEN json(CASE NEW."author_id" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(NEW."author_id") END) WHEN 'blob' THEN json_array(hex(NEW."author_id")) ELSE NEW."author_id" END)); END;
CREATE TRIGGER "hedgerow_change_delete_note" AFTER DELETE ON "note" BEGIN INSERT INTO hedgerow_change ("table", operation, before, after) VALUES ('"note"', 'delete', json_object('id', CASE typeof(OLD."id") WHEN 'real' THEN json(CASE OLD."id" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."id") END) WHEN 'blob' THEN json_array(hex(OLD."id")) ELSE OLD."id" END, 'title', CASE typeof(OLD."title") WHEN 'real' THEN json(CASE OLD."title" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."title") END) WHEN 'blob' THEN json_array(hex(OLD."title")) ELSE OLD."title" END, 'shown', CASE typeof(OLD."shown") WHEN 'real' THEN json(CASE OLD."shown" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."shown") END) WHEN 'blob' THEN json_array(hex(OLD."shown")) ELSE OLD."shown" END, 'paper', CASE typeof(OLD."paper") WHEN 'real' THEN json(CASE OLD."paper" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."paper") END) WHEN 'blob' THEN json_array(hex(OLD."paper")) ELSE OLD."paper" END, 'author_id', CASE typeof(OLD."author_id") WHEN 'real' THEN json(CASE OLD."author_id" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."author_id") END) WHEN 'blob' THEN json_array(hex(OLD."author_id")) ELSE OLD."author_id" END), NULL); DELETE FROM hedgerow_replaced WHERE "table" = '"note"' AND image = json_object('id', CASE typeof(OLD."id") WHEN 'real' THEN json(CASE OLD."id" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."id") END) WHEN 'blob' THEN json_array(hex(OLD."id")) ELSE OLD."id" END, 'title', CASE typeof(OLD."title") WHEN 'real' THEN json(CASE OLD."title" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."title") END) WHEN 'blob' THEN json_array(hex(OLD."title")) ELSE OLD."title" END, 'shown', CASE typeof(OLD."shown") WHEN 'real' THEN json(CASE OLD."shown" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."shown") END) WHEN 'blob' THEN json_array(hex(OLD."shown")) ELSE OLD."shown" END, 'paper', CASE typeof(OLD."paper") WHEN 'real' THEN json(CASE OLD."paper" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."paper") END) WHEN 'blob' THEN json_array(hex(OLD."paper")) ELSE OLD."paper" END, 'author_id', CASE typeof(OLD."author_id") WHEN 'real' THEN json(CASE OLD."author_id" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(OLD."author_id") END) WHEN 'blob' THEN json_array(hex(OLD."author_id")) ELSE OLD."author_id" END); END;
CREATE TRIGGER "hedgerow_change_move_note" BEFORE UPDATE ON "note" WHEN NEW."id" IS NOT OLD."id" BEGIN DELETE FROM hedgerow_replaced WHERE "table" = '"note"'; INSERT INTO hedgerow_replaced SELECT '"note"', json_object('id', CASE typeof(o."id") WHEN 'real' THEN json(CASE o."id" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."id") END) WHEN 'blob' THEN json_array(hex(o."id")) ELSE o."id" END, 'title', CASE typeof(o."title") WHEN 'real' THEN json(CASE o."title" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."title") END) WHEN 'blob' THEN json_array(hex(o."title")) ELSE o."title" END, 'shown', CASE typeof(o."shown") WHEN 'real' THEN json(CASE o."shown" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."shown") END) WHEN 'blob' THEN json_array(hex(o."shown")) ELSE o."shown" END, 'paper', CASE typeof(o."paper") WHEN 'real' THEN json(CASE o."paper" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."paper") END) WHEN 'blob' THEN json_array(hex(o."paper")) ELSE o."paper" END, 'author_id', CASE typeof(o."author_id") WHEN 'real' THEN json(CASE o."author_id" WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote(o."author_id") END) WHEN 'blob' THEN json_array(hex(o."author_id")) ELSE o."author_id" END), o."id" = NEW."id" AND NEW."id" IS NOT -1 FROM "note" AS o WHERE ((o."id" = NEW."id" AND NEW."id" IS NOT -1)) AND NOT (o."id" IS OLD."id"); END;
CREATE TRIGGER "hedgerow_change_moved_note" AFTER UPDATE ON "note" WHEN NEW."id" IS NOT OLD."id" BEGIN INSERT INTO hedgerow_change ("table", operation, before, after) SELECT '"note"', 'delete', image, NULL FROM hedgerow_replaced WHERE "table" = '"note"'; END;
CREATE TRIGGER "hedgerow_aside_file_before_insert_note" BEFORE INSERT ON "note" BEGIN DELETE FROM hedgerow_file_replaced WHERE model = 'Note'; INSERT INTO hedgerow_file_replaced (model, file_id) SELECT 'Note', o."paper" FROM "note" AS o WHERE ((o."id" = NEW."id" AND NEW."id" IS NOT -1)) AND o."paper" IS NOT NULL; END;
CREATE TRIGGER "hedgerow_aside_file_after_insert_note" AFTER INSERT ON "note" WHEN NEW."paper" IS NOT NULL OR EXISTS (SELECT 1 FROM hedgerow_file_replaced WHERE model = 'Note') BEGIN UPDATE hedgerow_file SET state = 'free', until = strftime('%Y-%m-%d %H:%M:%f000', 'now') WHERE id IN (SELECT file_id FROM hedgerow_file_replaced WHERE model = 'Note') AND model = 'Note' AND state = 'held'; DELETE FROM hedgerow_file_replaced WHERE model = 'Note'; SELECT RAISE(ABORT, 'hedgerow_file constraint failed: note.paper: this is not an upload that Note.paper may hold, or is held already') WHERE EXISTS (SELECT id FROM (SELECT NEW."paper" AS id WHERE NEW."paper" IS NOT NULL) EXCEPT SELECT id FROM hedgerow_file WHERE id IN (SELECT id FROM (SELECT NEW."paper" AS id WHERE NEW."paper" IS NOT NULL)) AND model = 'Note' AND field = 'paper' AND state IN ('ready', 'free')); UPDATE hedgerow_file SET state = 'held', until = NULL WHERE id IN (SELECT id FROM (SELECT NEW."paper" AS id WHERE NEW."paper" IS NOT NULL)) AND model = 'Note' AND field = 'paper' AND state IN ('ready', 'free'); END;
CREATE TRIGGER "hedgerow_aside_file_before_update_note" BEFORE UPDATE ON "note" WHEN NEW."id" IS NOT OLD."id" BEGIN DELETE FROM hedgerow_file_replaced WHERE model = 'Note'; INSERT INTO hedgerow_file_replaced (model, file_id) SELECT 'Note', o."paper" FROM "note" AS o WHERE ((o."id" = NEW."id" AND NEW."id" IS NOT -1)) AND NOT (o."id" IS OLD."id") AND o."paper" IS NOT NULL; END;
CREATE TRIGGER "hedgerow_aside_file_after_update_note" AFTER UPDATE ON "note" WHEN NEW."paper" IS NOT OLD."paper" OR NEW."id" IS NOT OLD."id" BEGIN UPDATE hedgerow_file SET state = 'free', until = strftime('%Y-%m-%d %H:%M:%f000', 'now') WHERE id IN (SELECT file_id FROM hedgerow_file_replaced WHERE model = 'Note') AND model = 'Note' AND state = 'held' AND (NEW."id" IS NOT OLD."id"); DELETE FROM hedgerow_file_replaced WHERE model = 'Note' AND (NEW."id" IS NOT OLD."id"); UPDATE hedgerow_file SET state = 'free', until = strftime('%Y-%m-%d %H:%M:%f000', 'now') WHERE id IN (SELECT id FROM (SELECT OLD."paper" AS id WHERE OLD."paper" IS NOT NULL) WHERE id NOT IN (SELECT NEW."paper" AS id WHERE NEW."paper" IS NOT NULL)) AND model = 'Note' AND field = 'paper' AND state = 'held'; SELECT RAISE(ABORT, 'hedgerow_file constraint failed: note.paper: this is not an upload that Note.paper may hold, or is held already') WHERE EXISTS (SELECT id FROM (SELECT NEW."paper" AS id WHERE NEW."paper" IS NOT NULL) WHERE id NOT IN (SELECT OLD."paper" AS id WHERE OLD."paper" IS NOT NULL) EXCEPT SELECT id FROM hedgerow_file WHERE id IN (SELECT id FROM (SELECT NEW."paper" AS id WHERE NEW."paper" IS NOT NULL) WHERE id NOT IN (SELECT OLD."paper" AS id WHERE OLD."paper" IS NOT NULL)) AND model = 'Note' AND field = 'paper' AND state IN ('ready', 'free')); UPDATE hedgerow_file SET state = 'held', until = NULL WHERE id IN (SELECT id FROM (SELECT NEW."paper" AS id WHERE NEW."paper" IS NOT NULL) WHERE id NOT IN (SELECT OLD."paper" AS id WHERE OLD."paper" IS NOT NULL)) AND model = 'Note' AND field = 'paper' AND state IN ('ready', 'free'); END;
CREATE TRIGGER "hedgerow_aside_file_after_delete_note" AFTER DELETE ON "note" WHEN OLD."paper" IS NOT NULL BEGIN UPDATE hedgerow_file SET state = 'free', until = strftime('%Y-%m-%d %H:%M:%f000', 'now') WHERE id IN (SELECT OLD."paper" AS id WHERE OLD."paper" IS NOT NULL) AND model = 'Note' AND field = 'paper' AND state = 'held'; END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('hedgerow_change',6);
COMMIT;
