SELECT json_object('0', t0."id")
  FROM "category" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  ORDER BY t0."id"
  LIMIT 2147483649
INSERT INTO "product" ("name", "size", "price", "stock", "details", "hidden", "made_on", "version", "category_id") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
  RETURNING json_object('0', "id")
SELECT json_object('rows', 
(SELECT json_group_array(json_object('name', t0."name", 'category', 
(SELECT json_object('id', t1."id", 'name', t1."name")
  FROM "category" AS t1
  WHERE t1."id" = t0."category_id"
  LIMIT 1), 'key:id', t0."id"))
  FROM 
(SELECT t0."name", t0."category_id", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
