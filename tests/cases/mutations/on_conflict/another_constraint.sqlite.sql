SELECT hedgerow_rows.hedgerow_n, json_object('0', t0."id")
  FROM 
(SELECT column1 AS hedgerow_0, column2 AS hedgerow_n
  FROM (VALUES (?1, 1))) AS hedgerow_rows JOIN "category" AS t0 ON t0."id" = hedgerow_rows.hedgerow_0
INSERT INTO "category" ("id", "name") VALUES (?1, ?2) ON CONFLICT ("id") DO NOTHING
  RETURNING json_object('0', "id")
-- Again, to tell what is wrong.
SELECT hedgerow_rows.hedgerow_n, json_object('0', t0."id")
  FROM 
(SELECT column1 AS hedgerow_0, column2 AS hedgerow_n
  FROM (VALUES (?1, 1))) AS hedgerow_rows JOIN "category" AS t0 ON t0."id" = hedgerow_rows.hedgerow_0
INSERT INTO "category" ("id", "name") VALUES (?1, ?2) ON CONFLICT ("id") DO NOTHING
  RETURNING json_object('0', "id")
