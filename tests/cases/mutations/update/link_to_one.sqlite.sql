SELECT json_object('0', t0."id", '1', t0."version", '2', t0."category_id")
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
  LIMIT 2147483649
UPDATE "product" AS t0
  SET "category_id" = ?1, "changed_on" = ?2, "version" = CASE WHEN t0."version" IS NOT NULL THEN 
(SELECT sum(v)
  FROM 
(SELECT t0."version" AS v UNION ALL SELECT ?3)) END
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?4)))
  RETURNING json_object('0', "id", '1', "version")
SELECT json_object('rows', 
(SELECT json_group_array(json_object('name', t0."name", 'version', t0."version", 'category', 
(SELECT json_object('name', t1."name")
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
