SELECT json_object('0', t0."id", '1', t0."version", '2', t0."category_id"), ((1 = 0)) IS TRUE, ((1 = 1)) IS TRUE
  FROM "product" AS t0
  WHERE (t0."id" = ?1)
  ORDER BY t0."id"
  LIMIT 100001
SELECT json_object('0', t0."id")
  FROM "category" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  ORDER BY t0."id"
  LIMIT 100001
UPDATE "category" AS t0
  SET "name" = ?1
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?2)))
  RETURNING json_object('0', "id")
SELECT json_object('rows', 
(SELECT json_group_array(json_object('name', t0."name", 'version', t0."version", 'category', 
(SELECT json_object('id', t1."id", 'name', t1."name")
  FROM "category" AS t1
  WHERE t1."id" = t0."category_id"
  LIMIT 1), 'key:id', t0."id"))
  FROM 
(SELECT t0."name", t0."version", t0."category_id", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
