SELECT json_object('0', t0."purchase_id", '1', t0."product_id")
  FROM "line" AS t0
  WHERE ((
(SELECT t2."customer_id"
  FROM "purchase" AS t2
  WHERE t2."id" = t0."purchase_id"
  LIMIT 1) = ?1) AND (t0."purchase_id" = ?2) AND (t0."product_id" = ?3) AND (
(SELECT t3."state"
  FROM "purchase" AS t3
  WHERE t3."id" = t0."purchase_id"
  LIMIT 1) = ?4))
  ORDER BY t0."purchase_id", t0."product_id"
  LIMIT 100001
SELECT json_object('rows', 
(SELECT json_group_array(json_object('count', t0."count", 'product', 
(SELECT json_object('name', t1."name")
  FROM "product" AS t1
  WHERE t1."id" = t0."product_id" AND (NOT t1."hidden")
  LIMIT 1), 'purchase', 
(SELECT json_object('note', t2."note")
  FROM "purchase" AS t2
  WHERE t2."id" = t0."purchase_id" AND (t2."customer_id" = ?1)
  LIMIT 1), 'key:purchase_id', t0."purchase_id", 'key:product_id', t0."product_id"))
  FROM 
(SELECT t0."count", t0."product_id", t0."purchase_id"
  FROM "line" AS t0
  WHERE (
(SELECT t3."customer_id"
  FROM "purchase" AS t3
  WHERE t3."id" = t0."purchase_id"
  LIMIT 1) = ?1) AND ((t0."purchase_id", t0."product_id") IN 
(SELECT k0.value, k1.value
  FROM 
(SELECT key, value
  FROM json_each(?2)
  LIMIT -1) AS k0 JOIN 
(SELECT key, value
  FROM json_each(?3)
  LIMIT -1) AS k1 ON k1.key = k0.key))
  LIMIT +5000) AS t0))
DELETE
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
  RETURNING json_object('0', "purchase_id", '1', "product_id")
