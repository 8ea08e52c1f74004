SELECT json_object('0', t0."id"), ((1 = 0)) IS TRUE, ((1 = 1)) IS TRUE
  FROM "purchase" AS t0
  WHERE ((t0."customer_id" = ?1) AND (t0."id" = ?2) AND (t0."state" = ?3))
  ORDER BY t0."id"
  LIMIT 100001
UPDATE "purchase" AS t0
  SET "note" = ?1
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?2)))
  RETURNING json_object('0', "id")
SELECT json_object('0', t0."purchase_id", '1', t0."product_id")
  FROM "line" AS t0
  WHERE ((t0."purchase_id" IN 
(SELECT value
  FROM json_each(?1))) AND (
(SELECT t2."customer_id"
  FROM "purchase" AS t2
  WHERE t2."id" = t0."purchase_id"
  LIMIT 1) = ?2) AND (t0."product_id" = ?3) AND (
(SELECT t3."state"
  FROM "purchase" AS t3
  WHERE t3."id" = t0."purchase_id"
  LIMIT 1) = ?4))
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
SELECT json_object('0', t0."purchase_id", '1', t0."product_id")
  FROM "line" AS t0
  WHERE ((t0."purchase_id" IN 
(SELECT value
  FROM json_each(?1))) AND (
(SELECT t2."customer_id"
  FROM "purchase" AS t2
  WHERE t2."id" = t0."purchase_id"
  LIMIT 1) = ?2) AND (t0."product_id" = ?3) AND (
(SELECT t3."state"
  FROM "purchase" AS t3
  WHERE t3."id" = t0."purchase_id"
  LIMIT 1) = ?4))
  ORDER BY t0."purchase_id", t0."product_id"
  LIMIT 100001
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
INSERT INTO "line" ("purchase_id", "product_id", "count") VALUES (?1, ?2, ?3)
  RETURNING json_object('0', "purchase_id", '1', "product_id")
SELECT count(*)
  FROM "purchase" AS t0
  WHERE ((t0."id" IN 
(SELECT value
  FROM json_each(?1))) AND (t0."customer_id" = ?2) AND (t0."state" IN (?3, ?4)))
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
(SELECT json_group_array(json_object('note', t0."note", 'lines', 
(SELECT json_group_array(json_object('productId', t1."product_id", 'count', t1."count"))
  FROM 
(SELECT t1."product_id", t1."count"
  FROM "line" AS t1
  WHERE t1."purchase_id" = t0."id" AND (
(SELECT t2."customer_id"
  FROM "purchase" AS t2
  WHERE t2."id" = t1."purchase_id"
  LIMIT 1) = ?1)
  ORDER BY t1."product_id", t1."purchase_id"
  LIMIT +1000) AS t1), 'key:id', t0."id"))
  FROM 
(SELECT t0."note", t0."id"
  FROM "purchase" AS t0
  WHERE (t0."customer_id" = ?1) AND (t0."id" IN 
(SELECT value
  FROM json_each(?2)))
  LIMIT +5000) AS t0))
