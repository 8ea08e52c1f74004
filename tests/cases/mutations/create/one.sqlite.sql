INSERT INTO "category" ("name", "parent_id") VALUES (?1, ?2)
  RETURNING json_object('0', "id")
SELECT json_object('rows', 
(SELECT json_group_array(json_object('id', t0."id", 'name', t0."name", 'parent', 
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
  LIMIT +1000) AS t2), 'key:id', t0."id"))
  FROM 
(SELECT t0."id", t0."name", t0."parent_id"
  FROM "category" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
