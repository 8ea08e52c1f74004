SELECT hedgerow_rows.hedgerow_n, json_object('0', t0."id")
  FROM 
(SELECT column1 AS hedgerow_0, column2 AS hedgerow_n
  FROM (VALUES (?1, 1), (?2, 2))) AS hedgerow_rows JOIN "category" AS t0 ON t0."name" = hedgerow_rows.hedgerow_0
SELECT json_object('0', t0."id")
  FROM "category" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  ORDER BY t0."id"
  LIMIT 100001
UPDATE "category" AS t0
  SET "name" = hedgerow_rows.hedgerow_1
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
INSERT INTO "category" ("name") VALUES (?1) ON CONFLICT ("name") DO NOTHING
  RETURNING json_object('0', "id", '1', "name")
INSERT INTO "product" ("name", "size", "price", "stock", "details", "hidden", "made_on", "version", "category_id") SELECT hedgerow_0, hedgerow_1, hedgerow_2, hedgerow_3, hedgerow_4, hedgerow_5, hedgerow_6, hedgerow_7, hedgerow_8
  FROM 
(SELECT column1 AS hedgerow_0, column2 AS hedgerow_1, column3 AS hedgerow_2, column4 AS hedgerow_3, column5 AS hedgerow_4, column6 AS hedgerow_5, column7 AS hedgerow_6, column8 AS hedgerow_7, column9 AS hedgerow_8, column10 AS hedgerow_n
  FROM (VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1), (?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, 2))) AS hedgerow_rows
  WHERE true
  ORDER BY hedgerow_n
  RETURNING json_object('0', "id")
SELECT json_object('rows', 
(SELECT json_group_array(json_object('name', t0."name", 'category', 
(SELECT json_object('id', t1."id", 'name', t1."name")
  FROM "category" AS t1
  WHERE t1."id" = t0."category_id"
  LIMIT 1), 'key:id', t0."id"))
  FROM 
(SELECT t0."name", t0."category_id", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
