INSERT INTO "product" ("name", "size", "price", "stock", "details", "hidden", "made_on", "version") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
  RETURNING json_object('0', "id")
INSERT INTO "label" ("word") SELECT hedgerow_0
  FROM 
(SELECT column1 AS hedgerow_0, column2 AS hedgerow_n
  FROM (VALUES (?1, 1), (?2, 2))) AS hedgerow_rows
  WHERE true
  ORDER BY hedgerow_n
  RETURNING json_object('0', "id")
INSERT INTO "productlabel" ("product_id", "label_id") SELECT hedgerow_0, hedgerow_1
  FROM 
(SELECT column1 AS hedgerow_0, column2 AS hedgerow_1, column3 AS hedgerow_n
  FROM (VALUES (?1, ?2, 1), (?3, ?4, 2))) AS hedgerow_rows
  WHERE true
  ORDER BY hedgerow_n
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
  ORDER BY t1."id"
  LIMIT +1000) AS t1), 'key:id', t0."id"))
  FROM 
(SELECT t0."name", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
