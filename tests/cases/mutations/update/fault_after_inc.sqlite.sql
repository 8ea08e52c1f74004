SELECT json_object('0', t0."purchase_id", '1', t0."product_id")
  FROM "line" AS t0
  WHERE ((
(SELECT t2."customer_id"
  FROM "purchase" AS t2
  WHERE t2."id" = t0."purchase_id"
  LIMIT 1) = ?1) AND (t0."purchase_id" = ?2) AND (t0."product_id" = ?2) AND (
(SELECT t3."state"
  FROM "purchase" AS t3
  WHERE t3."id" = t0."purchase_id"
  LIMIT 1) = ?3))
  ORDER BY t0."purchase_id", t0."product_id"
  LIMIT 100001
UPDATE "line" AS t0
  SET "count" = CASE WHEN t0."count" IS NOT NULL THEN 
(SELECT sum(v)
  FROM 
(SELECT t0."count" AS v UNION ALL SELECT ?1)) END
  WHERE ((t0."purchase_id", t0."product_id") IN 
(SELECT k0.value, k1.value
  FROM 
(SELECT key, value
  FROM json_each(?2)
  LIMIT -1) AS k0 JOIN 
(SELECT key, value
  FROM json_each(?3)
  LIMIT -1) AS k1 ON k1.key = k0.key))
  RETURNING json_object('0', "purchase_id", '1', "product_id", '2', "count")
