SELECT json_object('0', t0."purchase_id", '1', t0."product_id")
  FROM "line" AS t0
  WHERE (t0."count" >= ?1)
  ORDER BY t0."purchase_id", t0."product_id"
  LIMIT 100001
SELECT json_object('rows', 
(SELECT json_group_array(json_object('purchase_id', t0."purchase_id", 'product_id', t0."product_id", 'key:purchase_id', t0."purchase_id", 'key:product_id', t0."product_id"))
  FROM 
(SELECT t0."purchase_id", t0."product_id"
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
SELECT json_object('0', t0."id")
  FROM "category" AS t0
  WHERE (t0."id" = ?1)
  ORDER BY t0."id"
  LIMIT 100001
SELECT json_object('rows', 
(SELECT json_group_array(json_object('name', t0."name", 'key:id', t0."id"))
  FROM 
(SELECT t0."name", t0."id"
  FROM "category" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
DELETE
  FROM "category" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  RETURNING json_object('0', "id")
