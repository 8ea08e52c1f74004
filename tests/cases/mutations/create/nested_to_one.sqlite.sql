INSERT INTO "category" ("name") VALUES (?1)
  RETURNING json_object('0', "id")
INSERT INTO "category" ("name", "parent_id") VALUES (?1, ?2)
  RETURNING json_object('0', "id")
INSERT INTO "product" ("name", "size", "price", "stock", "details", "hidden", "made_on", "version", "category_id") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
  RETURNING json_object('0', "id")
SELECT json_object('rows', 
(SELECT json_group_array(json_object('name', t0."name", 'category', 
(SELECT json_object('name', t1."name", 'parent', 
(SELECT json_object('name', t2."name")
  FROM "category" AS t2
  WHERE t2."id" = t1."parent_id"
  LIMIT 1))
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
