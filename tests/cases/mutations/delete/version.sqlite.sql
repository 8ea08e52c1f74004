SELECT json_object('0', t0."id", '1', t0."version"), ((1 = 1)) IS TRUE
  FROM "product" AS t0
  WHERE (t0."id" = ?1)
  ORDER BY t0."id"
  LIMIT 100001
SELECT json_object('rows', 
(SELECT json_group_array(json_object('name', t0."name", 'key:id', t0."id"))
  FROM 
(SELECT t0."name", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
DELETE
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  RETURNING json_object('0', "id")
