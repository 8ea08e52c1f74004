INSERT INTO "line" ("purchase_id", "product_id", "count") VALUES (?1, ?2, ?3)
  RETURNING json_object('0', "purchase_id", '1', "product_id")
-- Again, to tell what the broken constraint means.
INSERT INTO "line" ("purchase_id", "product_id", "count") VALUES (?1, ?2, ?3)
  RETURNING json_object('0', "purchase_id", '1', "product_id")
SELECT count(*)
  FROM 
(SELECT hedgerow_rows.hedgerow_0 AS "purchase_id", hedgerow_rows.hedgerow_1 AS "product_id", hedgerow_rows.hedgerow_2 AS "count"
  FROM 
(SELECT column1 AS hedgerow_0, column2 AS hedgerow_1, column3 AS hedgerow_2, column4 AS hedgerow_n
  FROM (VALUES (?1, ?2, ?3, 1))) AS hedgerow_rows) AS t0
  WHERE ((
(SELECT t2."customer_id"
  FROM "purchase" AS t2
  WHERE t2."id" = t0."purchase_id"
  LIMIT 1) = ?4) AND (
(SELECT t3."state"
  FROM "purchase" AS t3
  WHERE t3."id" = t0."purchase_id"
  LIMIT 1) = ?5))
