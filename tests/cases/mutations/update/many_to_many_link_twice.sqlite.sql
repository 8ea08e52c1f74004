SELECT json_object('0', t0."id", '1', t0."version")
  FROM "product" AS t0
  WHERE (t0."id" = ?1)
  ORDER BY t0."id"
  LIMIT 100001
SELECT json_object('0', t0."id")
  FROM "label" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  ORDER BY t0."id"
  LIMIT 2147483649
INSERT INTO "productlabel" ("product_id", "label_id") VALUES (?1, ?2)
-- Again, to tell what is wrong.
SELECT json_object('0', t0."id", '1', t0."version")
  FROM "product" AS t0
  WHERE (t0."id" = ?1)
  ORDER BY t0."id"
  LIMIT 100001
SELECT json_object('0', t0."id")
  FROM "label" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  ORDER BY t0."id"
  LIMIT 2147483649
INSERT INTO "productlabel" ("product_id", "label_id") VALUES (?1, ?2)
