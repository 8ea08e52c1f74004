SELECT json_object('0', t0."id")
  FROM "category" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  ORDER BY t0."id"
  LIMIT 2147483649
INSERT INTO "product" ("name", "size", "price", "stock", "details", "hidden", "made_on", "version", "category_id") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
  RETURNING json_object('0', "id")
INSERT INTO "label" ("word") VALUES (?1)
  RETURNING json_object('0', "id")
INSERT INTO "productlabel" ("product_id", "label_id") VALUES (?1, ?2)
SELECT json_object('rows', 
(SELECT json_group_array(json_object('name', t0."name", 'size', t0."size", 'price', printf('%.2f', t0."price"), 'stock', t0."stock", 'category', 
(SELECT json_object('id', t1."id", 'name', t1."name")
  FROM "category" AS t1
  WHERE t1."id" = t0."category_id"
  LIMIT 1), 'labels', 
(SELECT json_group_array(json_object('word', t2."word"))
  FROM 
(SELECT t2."word"
  FROM "label" AS t2 JOIN "productlabel" AS t3 ON t3."label_id" = t2."id"
  WHERE t3."product_id" = t0."id"
  ORDER BY t2."id"
  LIMIT +1000) AS t2), 'key:id', t0."id"))
  FROM 
(SELECT t0."name", t0."size", t0."price", t0."stock", t0."category_id", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
SELECT json_object('0', t0."id", '1', t0."version")
  FROM "product" AS t0
  WHERE (t0."id" = ?1)
  ORDER BY t0."id"
  LIMIT 100001
UPDATE "product" AS t0
  SET "stock" = CASE WHEN t0."stock" IS NOT NULL THEN 
(SELECT sum(v)
  FROM 
(SELECT t0."stock" AS v UNION ALL SELECT ?1)) END, "changed_on" = ?2, "version" = CASE WHEN t0."version" IS NOT NULL THEN 
(SELECT sum(v)
  FROM 
(SELECT t0."version" AS v UNION ALL SELECT ?3)) END
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?4)))
  RETURNING json_object('0', "id", '1', "stock", '2', "version")
SELECT json_object('rows', 
(SELECT json_group_array(json_object('stock', t0."stock", 'details', json(hedgerow_json_at(t0."details", ?1)), 'key:id', t0."id"))
  FROM 
(SELECT t0."stock", t0."details", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?2)))
  LIMIT +5000) AS t0))
SELECT json_object('0', t0."id", '1', t0."version")
  FROM "product" AS t0
  WHERE (t0."name" LIKE ?1 ESCAPE '\')
  ORDER BY t0."id"
  LIMIT 100001
UPDATE "product" AS t0
  SET "stock" = ?1, "changed_on" = ?2, "version" = CASE WHEN t0."version" IS NOT NULL THEN 
(SELECT sum(v)
  FROM 
(SELECT t0."version" AS v UNION ALL SELECT ?3)) END
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?4)))
  RETURNING json_object('0', "id", '1', "version")
SELECT json_object('rows', 
(SELECT json_group_array(json_object('id', t0."id", 'stock', t0."stock", 'lines', 
(SELECT json_group_array(json_object('count', t1."count"))
  FROM 
(SELECT t1."count"
  FROM "line" AS t1
  WHERE t1."product_id" = t0."id"
  ORDER BY t1."purchase_id", t1."product_id"
  LIMIT +?1) AS t1), 'key:id', t0."id"))
  FROM 
(SELECT t0."id", t0."stock"
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?2)))
  LIMIT +5000) AS t0))
