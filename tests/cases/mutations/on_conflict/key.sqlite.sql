SELECT hedgerow_rows.hedgerow_n, json_object('0', t0."purchase_id", '1', t0."product_id")
  FROM 
(SELECT column1 AS hedgerow_0, column2 AS hedgerow_1, column3 AS hedgerow_n
  FROM (VALUES (?1, ?2, 1))) AS hedgerow_rows JOIN "line" AS t0 ON t0."purchase_id" = hedgerow_rows.hedgerow_0 AND t0."product_id" = hedgerow_rows.hedgerow_1
SELECT json_object('0', t0."purchase_id", '1', t0."product_id")
  FROM "line" AS t0
  WHERE ((t0."purchase_id", t0."product_id") IN 
(SELECT k0.value, k1.value
  FROM 
(SELECT key, value
  FROM json_each(?1)
  LIMIT -1) AS k0 JOIN 
(SELECT key, value
  FROM json_each(?2)
  LIMIT -1) AS k1 ON k1.key = k0.key))
  ORDER BY t0."purchase_id", t0."product_id"
  LIMIT 100001
UPDATE "line" AS t0
  SET "count" = hedgerow_rows.hedgerow_2
  FROM 
(SELECT column1 AS hedgerow_0, column2 AS hedgerow_1, column3 AS hedgerow_2, column4 AS hedgerow_n
  FROM (VALUES (?1, ?2, ?3, 1))) AS hedgerow_rows
  WHERE t0."purchase_id" = hedgerow_rows.hedgerow_0 AND t0."product_id" = hedgerow_rows.hedgerow_1
SELECT json_object('0', t0."purchase_id", '1', t0."product_id"), ((1 = 1)) IS TRUE, ((1 = 1)) IS TRUE
  FROM "line" AS t0
  WHERE ((t0."purchase_id", t0."product_id") IN 
(SELECT k0.value, k1.value
  FROM 
(SELECT key, value
  FROM json_each(?1)
  LIMIT -1) AS k0 JOIN 
(SELECT key, value
  FROM json_each(?2)
  LIMIT -1) AS k1 ON k1.key = k0.key))
  ORDER BY t0."purchase_id", t0."product_id"
  LIMIT 2147483649
SELECT json_object('rows', 
(SELECT json_group_array(json_object('count', t0."count", 'purchase', 
(SELECT json_object('id', t1."id")
  FROM "purchase" AS t1
  WHERE t1."id" = t0."purchase_id"
  LIMIT 1), 'key:purchase_id', t0."purchase_id", 'key:product_id', t0."product_id"))
  FROM 
(SELECT t0."count", t0."purchase_id", t0."product_id"
  FROM "line" AS t0
  WHERE ((t0."purchase_id", t0."product_id") IN 
(SELECT k0.value, k1.value
  FROM 
(SELECT key, value
  FROM json_each(?1)
  LIMIT -1) AS k0 JOIN 
(SELECT key, value
  FROM json_each(?2)
  LIMIT -1) AS k1 ON k1.key = k0.key))
  LIMIT +5000) AS t0))
