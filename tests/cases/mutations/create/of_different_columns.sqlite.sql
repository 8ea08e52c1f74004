INSERT INTO "product" ("name", "size", "price", "stock", "details", "hidden", "made_on", "version") SELECT hedgerow_0, hedgerow_1, hedgerow_2, hedgerow_3, hedgerow_4, hedgerow_5, hedgerow_6, hedgerow_7
  FROM 
(SELECT column1 AS hedgerow_0, column2 AS hedgerow_1, column3 AS hedgerow_2, column4 AS hedgerow_3, column5 AS hedgerow_4, column6 AS hedgerow_5, column7 AS hedgerow_6, column8 AS hedgerow_7, column9 AS hedgerow_n
  FROM (VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1), (?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, 2))) AS hedgerow_rows
  WHERE true
  ORDER BY hedgerow_n
  RETURNING json_object('0', "id")
INSERT INTO "product" ("name", "size", "price", "stock", "details", "hidden", "made_on", "version") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
  RETURNING json_object('0', "id")
SELECT json_object('rows', 
(SELECT json_group_array(json_object('id', t0."id", 'name', t0."name", 'stock', t0."stock", 'key:id', t0."id"))
  FROM 
(SELECT t0."id", t0."name", t0."stock"
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
