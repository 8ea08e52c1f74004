SELECT json_object('0', t0."purchase_id", '1', t0."product_id")
  FROM "line" AS t0
  WHERE ((t0."purchase_id" = ?1) AND (t0."product_id" = ?1))
  ORDER BY t0."purchase_id", t0."product_id"
  LIMIT 100001
UPDATE "line" AS t0
  SET "product_id" = ?1
  WHERE ((t0."purchase_id", t0."product_id") IN 
(SELECT k0.value, k1.value
  FROM 
(SELECT key, value
  FROM json_each(?2)
  LIMIT -1) AS k0 JOIN 
(SELECT key, value
  FROM json_each(?3)
  LIMIT -1) AS k1 ON k1.key = k0.key))
  RETURNING json_object('0', "purchase_id", '1', "product_id")
SELECT json_object('rows', 
(SELECT json_group_array(json_object('productId', t0."product_id", 'product', 
(SELECT json_object('name', t1."name")
  FROM "product" AS t1
  WHERE t1."id" = t0."product_id"
  LIMIT 1), 'key:purchase_id', t0."purchase_id", 'key:product_id', t0."product_id"))
  FROM 
(SELECT t0."product_id", t0."purchase_id"
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
