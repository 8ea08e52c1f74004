INSERT INTO "category" ("name") VALUES (?1)
  RETURNING json_object('0', "id")
SELECT json_object('rows', 
(SELECT json_group_array(json_object('id', t0."id", 'key:id', t0."id"))
  FROM 
(SELECT t0."id"
  FROM "category" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
SELECT json_object('0', t0."id")
  FROM "category" AS t0
  WHERE (t0."name" = ?1)
  ORDER BY t0."id"
  LIMIT 100001
UPDATE "category" AS t0
  SET "parent_id" = ?1
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?2)))
  RETURNING json_object('0', "id")
SELECT json_object('rows', 
(SELECT json_group_array(json_object('name', t0."name", 'parent', 
(SELECT json_object('name', t1."name")
  FROM "category" AS t1
  WHERE t1."id" = t0."parent_id"
  LIMIT 1), 'key:id', t0."id"))
  FROM 
(SELECT t0."name", t0."parent_id", t0."id"
  FROM "category" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
SELECT json_object('0', t0."id")
  FROM "category" AS t0
  WHERE (t0."name" = ?1)
  ORDER BY t0."id"
  LIMIT 100001
DELETE
  FROM "category" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  RETURNING json_object('0', "id")
