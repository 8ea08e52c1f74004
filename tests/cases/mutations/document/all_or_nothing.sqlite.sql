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
  WHERE (t0."id" = ?1)
  ORDER BY t0."id"
  LIMIT 100001
SELECT json_object('rows', 
(SELECT json_group_array(json_object('id', t0."id", 'key:id', t0."id"))
  FROM 
(SELECT t0."id"
  FROM "category" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
DELETE
  FROM "category" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  RETURNING json_object('0', "id")
INSERT INTO "category" ("name") VALUES (?1)
  RETURNING json_object('0', "id")
-- Again, to tell what is wrong.
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
  WHERE (t0."id" = ?1)
  ORDER BY t0."id"
  LIMIT 100001
SELECT json_object('rows', 
(SELECT json_group_array(json_object('id', t0."id", 'key:id', t0."id"))
  FROM 
(SELECT t0."id"
  FROM "category" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
DELETE
  FROM "category" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  RETURNING json_object('0', "id")
INSERT INTO "category" ("name") VALUES (?1)
  RETURNING json_object('0', "id")
SELECT max(t0."id")
  FROM "category" AS t0
