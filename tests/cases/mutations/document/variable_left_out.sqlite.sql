INSERT INTO "product" ("name", "size", "price", "stock", "details", "hidden", "made_on", "version") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
  RETURNING json_object('0', "id")
SELECT json_object('rows', 
(SELECT json_group_array(json_object('name', t0."name", 'size', t0."size", 'stock', t0."stock", 'key:id', t0."id"))
  FROM 
(SELECT t0."name", t0."size", t0."stock", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT 5000) AS t0))
