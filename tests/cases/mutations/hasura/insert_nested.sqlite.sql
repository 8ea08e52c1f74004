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
INSERT INTO "product" ("name", "size", "price", "stock", "details", "hidden", "made_on", "version", "category_id") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
  RETURNING json_object('0', "id")
INSERT INTO "label" ("word") VALUES (?1)
  RETURNING json_object('0', "id")
INSERT INTO "productlabel" ("product_id", "label_id") VALUES (?1, ?2)
SELECT json_object('rows', 
(SELECT json_group_array(json_object('__typename', 'product', 'name', t0."name", 'category', 
(SELECT json_object('id', t1."id", 'name', t1."name")
  FROM "category" AS t1
  WHERE t1."id" = t0."category_id"
  LIMIT 1), 'labels', 
(SELECT json_group_array(json_object('word', t2."word"))
  FROM 
(SELECT t2."word"
  FROM "label" AS t2 JOIN "productlabel" AS t3 ON t3."label_id" = t2."id"
  WHERE t3."product_id" = t0."id"
  ORDER BY t2."id"
  LIMIT +1000) AS t2), 'key:id', t0."id"))
  FROM 
(SELECT t0."name", t0."category_id", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
