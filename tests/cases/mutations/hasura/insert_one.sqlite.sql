INSERT INTO "purchase" ("state", "note", "customer_id") VALUES (?1, ?2, ?3)
  RETURNING json_object('0', "id")
INSERT INTO "line" ("purchase_id", "product_id", "count") VALUES (?1, ?2, ?3)
  RETURNING json_object('0', "purchase_id", '1', "product_id")
SELECT count(*)
  FROM "purchase" AS t0
  WHERE ((t0."id" IN 
(SELECT value
  FROM json_each(?1))) AND (t0."state" = ?2))
SELECT count(*)
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
SELECT json_object('rows', 
(SELECT json_group_array(json_object('id', t0."id", 'state', t0."state", 'customer', 
(SELECT json_object('name', t1."name")
  FROM "customer" AS t1
  WHERE t1."id" = t0."customer_id"
  LIMIT 1), 'lines', 
(SELECT json_group_array(json_object('count', t2."count", 'product', 
(SELECT json_object('name', t3."name")
  FROM "product" AS t3
  WHERE t3."id" = t2."product_id" AND (NOT t3."hidden")
  LIMIT 1)))
  FROM 
(SELECT t2."count", t2."product_id"
  FROM "line" AS t2
  WHERE t2."purchase_id" = t0."id" AND (
(SELECT t4."customer_id"
  FROM "purchase" AS t4
  WHERE t4."id" = t2."purchase_id"
  LIMIT 1) = ?1)
  ORDER BY t2."purchase_id", t2."product_id"
  LIMIT +1000) AS t2), 'key:id', t0."id"))
  FROM 
(SELECT t0."id", t0."state", t0."customer_id"
  FROM "purchase" AS t0
  WHERE (t0."customer_id" = ?1) AND (t0."id" IN 
(SELECT value
  FROM json_each(?2)))
  LIMIT +5000) AS t0))
