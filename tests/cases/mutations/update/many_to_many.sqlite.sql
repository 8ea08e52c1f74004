SELECT json_object('0', t0."id", '1', t0."version"), ((1 = 0)) IS TRUE, ((1 = 1)) IS TRUE
  FROM "product" AS t0
  WHERE (t0."id" = ?1)
  ORDER BY t0."id"
  LIMIT 100001
SELECT json_object('0', t0."label_id")
  FROM "productlabel" AS t0
  WHERE (t0."product_id" IN 
(SELECT value
  FROM json_each(?1)))
  ORDER BY t0."product_id", t0."label_id"
  LIMIT 2147483649
SELECT json_object('0', t0."id")
  FROM "label" AS t0
  WHERE ((t0."id" IN 
(SELECT value
  FROM json_each(?1))) AND (t0."id" IN 
(SELECT value
  FROM json_each(?2))))
  ORDER BY t0."id"
  LIMIT 100001
DELETE
  FROM "productlabel" AS t0
  WHERE ((t0."product_id", t0."label_id") IN 
(SELECT k0.value, k1.value
  FROM 
(SELECT key, value
  FROM json_each(?1)
  LIMIT -1) AS k0 JOIN 
(SELECT key, value
  FROM json_each(?2)
  LIMIT -1) AS k1 ON k1.key = k0.key))
  RETURNING json_object('0', "product_id", '1', "label_id")
INSERT INTO "label" ("word") VALUES (?1)
  RETURNING json_object('0', "id")
INSERT INTO "productlabel" ("product_id", "label_id") VALUES (?1, ?2)
SELECT json_object('0', t0."id")
  FROM "label" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  ORDER BY t0."id"
  LIMIT 2147483649
INSERT INTO "productlabel" ("product_id", "label_id") VALUES (?1, ?2)
SELECT json_object('rows', 
(SELECT json_group_array(json_object('name', t0."name", 'labels', 
(SELECT json_group_array(json_object('word', t1."word"))
  FROM 
(SELECT t1."word"
  FROM "label" AS t1 JOIN "productlabel" AS t2 ON t2."label_id" = t1."id"
  WHERE t2."product_id" = t0."id"
  ORDER BY t1."word", t1."id"
  LIMIT +1000) AS t1), 'key:id', t0."id"))
  FROM 
(SELECT t0."name", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
