SELECT json_object('0', t0."id", '1', t0."version"), ((1 = 1)) IS TRUE
  FROM "product" AS t0
  WHERE (t0."id" = ?1)
  ORDER BY t0."id"
  LIMIT 100001
UPDATE "product" AS t0
  SET "price" = ?1, "changed_on" = ?2, "version" = CASE WHEN t0."version" IS NOT NULL THEN 
(SELECT sum(v)
  FROM 
(SELECT t0."version" AS v UNION ALL SELECT ?3)) END
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?4)))
  RETURNING json_object('0', "id", '1', "version")
SELECT json_object('rows', 
(SELECT json_group_array(json_object('id', t0."id", 'price', printf('%.2f', t0."price"), 'version', t0."version", 'key:id', t0."id"))
  FROM 
(SELECT t0."id", t0."price", t0."version"
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
