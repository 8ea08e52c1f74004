SELECT hedgerow_rows.hedgerow_n, json_object('0', t0."id")
  FROM 
(SELECT column1 AS hedgerow_0, column2 AS hedgerow_n
  FROM (VALUES (?1, 1), (?2, 2), (?3, 3), (?4, 4))) AS hedgerow_rows JOIN "category" AS t0 ON t0."name" = hedgerow_rows.hedgerow_0
SELECT json_object('0', t0."id")
  FROM "category" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  ORDER BY t0."id"
  LIMIT 100001
UPDATE "category" AS t0
  SET "parent_id" = hedgerow_rows.hedgerow_1
  FROM 
(SELECT column1 AS hedgerow_0, column2 AS hedgerow_1, column3 AS hedgerow_n
  FROM (VALUES (?1, ?2, 1))) AS hedgerow_rows
  WHERE t0."id" = hedgerow_rows.hedgerow_0
SELECT json_object('0', t0."id"), ((1 = 1)) IS TRUE, ((1 = 1)) IS TRUE
  FROM "category" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  ORDER BY t0."id"
  LIMIT 2147483649
SELECT json_object('0', t0."id")
  FROM "category" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  ORDER BY t0."id"
  LIMIT 100001
UPDATE "category" AS t0
  SET "parent_id" = hedgerow_rows.hedgerow_1
  FROM 
(SELECT column1 AS hedgerow_0, column2 AS hedgerow_1, column3 AS hedgerow_n
  FROM (VALUES (?1, ?2, 1))) AS hedgerow_rows
  WHERE t0."id" = hedgerow_rows.hedgerow_0
SELECT json_object('0', t0."id"), ((1 = 1)) IS TRUE, ((1 = 1)) IS TRUE
  FROM "category" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  ORDER BY t0."id"
  LIMIT 2147483649
INSERT INTO "category" ("name", "parent_id") SELECT hedgerow_0, hedgerow_1
  FROM 
(SELECT column1 AS hedgerow_0, column2 AS hedgerow_1, column3 AS hedgerow_n
  FROM (VALUES (?1, ?2, 1), (?3, ?4, 2))) AS hedgerow_rows
  WHERE true
  ORDER BY hedgerow_n ON CONFLICT ("name") DO NOTHING
  RETURNING json_object('0', "id", '1', "name")
SELECT hedgerow_rows.hedgerow_n, json_object('0', t0."id")
  FROM 
(SELECT column1 AS hedgerow_0, column2 AS hedgerow_n
  FROM (VALUES (?1, 1))) AS hedgerow_rows JOIN "category" AS t0 ON t0."name" = hedgerow_rows.hedgerow_0
SELECT json_object('0', t0."id")
  FROM "category" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  ORDER BY t0."id"
  LIMIT 100001
UPDATE "category" AS t0
  SET "parent_id" = hedgerow_rows.hedgerow_1
  FROM 
(SELECT column1 AS hedgerow_0, column2 AS hedgerow_1, column3 AS hedgerow_n
  FROM (VALUES (?1, ?2, 1))) AS hedgerow_rows
  WHERE t0."id" = hedgerow_rows.hedgerow_0
SELECT json_object('0', t0."id"), ((1 = 1)) IS TRUE, ((1 = 1)) IS TRUE
  FROM "category" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  ORDER BY t0."id"
  LIMIT 2147483649
SELECT json_object('rows', 
(SELECT json_group_array(json_object('id', t0."id", 'name', t0."name", 'parent', 
(SELECT json_object('name', t1."name")
  FROM "category" AS t1
  WHERE t1."id" = t0."parent_id"
  LIMIT 1), 'key:id', t0."id"))
  FROM 
(SELECT t0."id", t0."name", t0."parent_id"
  FROM "category" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
