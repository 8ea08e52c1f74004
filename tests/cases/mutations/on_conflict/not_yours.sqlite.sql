SELECT hedgerow_rows.hedgerow_n, json_object('0', t0."purchase_id", '1', t0."product_id")
  FROM 
(SELECT column1 AS hedgerow_0, column2 AS hedgerow_1, column3 AS hedgerow_n
  FROM (VALUES (?1, ?2, 1))) AS hedgerow_rows JOIN "line" AS t0 ON t0."purchase_id" = hedgerow_rows.hedgerow_0 AND t0."product_id" = hedgerow_rows.hedgerow_1
SELECT json_object('0', t0."purchase_id", '1', t0."product_id")
  FROM "line" AS t0
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
  ORDER BY t0."purchase_id", t0."product_id"
  LIMIT 100001
SELECT json_object('0', t0."purchase_id", '1', t0."product_id"), ((
(SELECT t2."customer_id"
  FROM "purchase" AS t2
  WHERE t2."id" = t0."purchase_id"
  LIMIT 1) = ?1)) IS TRUE, ((
(SELECT t3."customer_id"
  FROM "purchase" AS t3
  WHERE t3."id" = t0."purchase_id"
  LIMIT 1) = ?1)) IS TRUE
  FROM "line" AS t0
  WHERE ((t0."purchase_id", t0."product_id") IN 
(SELECT k0.value, k1.value
  FROM 
(SELECT key, value
  FROM json_each(?2)
  LIMIT -1) AS k0 JOIN 
(SELECT key, value
  FROM json_each(?3)
  LIMIT -1) AS k1 ON k1.key = k0.key))
  ORDER BY t0."purchase_id", t0."product_id"
  LIMIT 2147483649
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
