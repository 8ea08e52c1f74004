SELECT json_object('0', t0."id")
  FROM "category" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  ORDER BY t0."id"
  LIMIT 2147483649
INSERT INTO "category" ("name", "parent_id") SELECT hedgerow_0, hedgerow_1
  FROM 
(SELECT column1 AS hedgerow_0, column2 AS hedgerow_1, column3 AS hedgerow_n
  FROM (VALUES (?1, ?2, 1), (?3, ?4, 2))) AS hedgerow_rows
  WHERE true
  ORDER BY hedgerow_n
  RETURNING json_object('0', "id")
INSERT INTO "product" ("name", "size", "price", "stock", "details", "hidden", "made_on", "version", "category_id") SELECT hedgerow_0, hedgerow_1, hedgerow_2, hedgerow_3, hedgerow_4, hedgerow_5, hedgerow_6, hedgerow_7, hedgerow_8
  FROM 
(SELECT column1 AS hedgerow_0, column2 AS hedgerow_1, column3 AS hedgerow_2, column4 AS hedgerow_3, column5 AS hedgerow_4, column6 AS hedgerow_5, column7 AS hedgerow_6, column8 AS hedgerow_7, column9 AS hedgerow_8, column10 AS hedgerow_n
  FROM (VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1), (?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, 2))) AS hedgerow_rows
  WHERE true
  ORDER BY hedgerow_n
  RETURNING json_object('0', "id")
INSERT INTO "line" ("purchase_id", "product_id", "count") VALUES (?1, ?2, ?3)
  RETURNING json_object('0', "purchase_id", '1', "product_id")
INSERT INTO "category" ("name", "parent_id") SELECT hedgerow_0, hedgerow_1
  FROM 
(SELECT column1 AS hedgerow_0, column2 AS hedgerow_1, column3 AS hedgerow_n
  FROM (VALUES (?1, ?2, 1), (?3, ?4, 2))) AS hedgerow_rows
  WHERE true
  ORDER BY hedgerow_n
  RETURNING json_object('0', "id")
SELECT json_object('rows', 
(SELECT json_group_array(json_object('name', t0."name", 'parent', 
(SELECT json_object('name', t1."name")
  FROM "category" AS t1
  WHERE t1."id" = t0."parent_id"
  LIMIT 1), 'children', 
(SELECT json_group_array(json_object('name', t2."name"))
  FROM 
(SELECT t2."name"
  FROM "category" AS t2
  WHERE t2."parent_id" = t0."id"
  ORDER BY t2."id"
  LIMIT +1000) AS t2), 'products', 
(SELECT json_group_array(json_object('name', t3."name", 'lines', 
(SELECT json_group_array(json_object('count', t4."count"))
  FROM 
(SELECT t4."count"
  FROM "line" AS t4
  WHERE t4."product_id" = t3."id"
  ORDER BY t4."purchase_id", t4."product_id"
  LIMIT +1000) AS t4)))
  FROM 
(SELECT t3."name", t3."id"
  FROM "product" AS t3
  WHERE t3."category_id" = t0."id"
  ORDER BY t3."id"
  LIMIT +1000) AS t3), 'key:id', t0."id"))
  FROM 
(SELECT t0."name", t0."parent_id", t0."id"
  FROM "category" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
