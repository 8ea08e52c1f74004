INSERT INTO "line" ("purchase_id", "product_id", "count") VALUES (?1, ?2, ?3)
  RETURNING json_object('0', "purchase_id", '1', "product_id")
-- Again, to tell what is wrong.
INSERT INTO "line" ("purchase_id", "product_id", "count") VALUES (?1, ?2, ?3)
  RETURNING json_object('0', "purchase_id", '1', "product_id")
WITH "hedgerow_supposed_0_rows"("purchase_id", "product_id", "count") AS MATERIALIZED 
(SELECT value ->> 0, value ->> 1, value ->> 2
  FROM json_each(?7)), "hedgerow_supposed_0" AS NOT MATERIALIZED 
(SELECT t0."purchase_id", t0."product_id", t0."count"
  FROM "line" AS t0
  WHERE (NOT (((t0."purchase_id", t0."product_id") IN 
(SELECT k0.value, k1.value
  FROM 
(SELECT key, value
  FROM json_each(?5)
  LIMIT -1) AS k0 JOIN 
(SELECT key, value
  FROM json_each(?6)
  LIMIT -1) AS k1 ON k1.key = k0.key)) IS TRUE)) UNION ALL SELECT *
  FROM "hedgerow_supposed_0_rows") SELECT count(*)
  FROM "hedgerow_supposed_0" AS t0
  WHERE (((t0."purchase_id", t0."product_id") IN 
(SELECT k0.value, k1.value
  FROM 
(SELECT key, value
  FROM json_each(?1)
  LIMIT -1) AS k0 JOIN 
(SELECT key, value
  FROM json_each(?2)
  LIMIT -1) AS k1 ON k1.key = k0.key)) AND (
(SELECT t2."customer_id"
  FROM "purchase" AS t2
  WHERE t2."id" = t0."purchase_id"
  LIMIT 1) = ?3) AND (
(SELECT t3."state"
  FROM "purchase" AS t3
  WHERE t3."id" = t0."purchase_id"
  LIMIT 1) = ?4))
