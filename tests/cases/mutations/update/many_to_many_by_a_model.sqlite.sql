SELECT json_object('0', t0."id"), ((t0."id" = ?1)) IS TRUE, ((1 = 1)) IS TRUE
  FROM "customer" AS t0
  WHERE ((t0."id" = ?2) AND (t0."id" = ?1))
  ORDER BY t0."id"
  LIMIT 100001
SELECT json_object('0', t0."product_id")
  FROM "wish" AS t0
  WHERE (t0."customer_id" IN 
(SELECT value
  FROM json_each(?1)))
  ORDER BY t0."customer_id", t0."product_id"
  LIMIT 2147483649
SELECT json_object('0', t0."id")
  FROM "product" AS t0
  WHERE ((t0."id" IN 
(SELECT value
  FROM json_each(?1))) AND (NOT t0."hidden") AND (t0."id" IN 
(SELECT value
  FROM json_each(?2))))
  ORDER BY t0."id"
  LIMIT 100001
SELECT json_object('0', t0."customer_id", '1', t0."product_id")
  FROM "wish" AS t0
  WHERE (((t0."customer_id", t0."product_id") IN 
(SELECT k0.value, k1.value
  FROM 
(SELECT key, value
  FROM json_each(?1)
  LIMIT -1) AS k0 JOIN 
(SELECT key, value
  FROM json_each(?2)
  LIMIT -1) AS k1 ON k1.key = k0.key)) AND (t0."customer_id" = ?3))
  ORDER BY t0."customer_id", t0."product_id"
  LIMIT 100001
DELETE
  FROM "wish" AS t0
  WHERE ((t0."customer_id", t0."product_id") IN 
(SELECT k0.value, k1.value
  FROM 
(SELECT key, value
  FROM json_each(?1)
  LIMIT -1) AS k0 JOIN 
(SELECT key, value
  FROM json_each(?2)
  LIMIT -1) AS k1 ON k1.key = k0.key))
  RETURNING json_object('0', "customer_id", '1', "product_id")
SELECT json_object('0', t0."id")
  FROM "product" AS t0
  WHERE ((t0."id" IN 
(SELECT value
  FROM json_each(?1))) AND (NOT t0."hidden"))
  ORDER BY t0."id"
  LIMIT 2147483649
INSERT INTO "wish" ("customer_id", "product_id") VALUES (?1, ?2)
  RETURNING json_object('0', "customer_id", '1', "product_id")
SELECT count(*)
  FROM "customer" AS t0
  WHERE ((t0."id" IN 
(SELECT value
  FROM json_each(?1))) AND (t0."id" = ?2))
SELECT count(*)
  FROM "wish" AS t0
  WHERE (((t0."customer_id", t0."product_id") IN 
(SELECT k0.value, k1.value
  FROM 
(SELECT key, value
  FROM json_each(?1)
  LIMIT -1) AS k0 JOIN 
(SELECT key, value
  FROM json_each(?2)
  LIMIT -1) AS k1 ON k1.key = k0.key)) AND (t0."customer_id" = ?3))
SELECT json_object('rows', 
(SELECT json_group_array(json_object('wishes', 
(SELECT json_group_array(json_object('name', t1."name"))
  FROM 
(SELECT t1."name"
  FROM "product" AS t1 JOIN "wish" AS t2 ON t2."product_id" = t1."id"
  WHERE t2."customer_id" = t0."id" AND ((t0."id" = ?1) OR (t2."customer_id" = ?1)) AND (NOT t1."hidden")
  ORDER BY t1."id"
  LIMIT +1000) AS t1), 'key:id', t0."id"))
  FROM 
(SELECT t0."id"
  FROM "customer" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?2)))
  LIMIT +5000) AS t0))
