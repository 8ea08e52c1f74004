INSERT INTO "category" ("name") VALUES (?1)
  RETURNING json_object('0', "id")
SELECT json_object('rows', 
(SELECT json_group_array(json_object('name', t0."name", 'key:id', t0."id"))
  FROM 
(SELECT t0."name", t0."id"
  FROM "category" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
