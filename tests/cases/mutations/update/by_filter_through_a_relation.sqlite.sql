SELECT json_object('0', t0."id", '1', t0."version")
  FROM "product" AS t0
  WHERE EXISTS 
(SELECT 1
  FROM "category" AS t2
  WHERE t2."id" = t0."category_id" AND EXISTS 
(SELECT 1
  FROM "category" AS t3
  WHERE t3."id" = t2."parent_id" AND (t3."name" = ?1)))
  ORDER BY t0."id"
  LIMIT 100001
UPDATE "product" AS t0
  SET "stock" = CASE WHEN t0."stock" IS NOT NULL THEN 
(SELECT sum(v)
  FROM 
(SELECT t0."stock" AS v UNION ALL SELECT ?1)) END, "changed_on" = ?2, "version" = CASE WHEN t0."version" IS NOT NULL THEN 
(SELECT sum(v)
  FROM 
(SELECT t0."version" AS v UNION ALL SELECT ?3)) END
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?4)))
  RETURNING json_object('0', "id", '1', "stock", '2', "version")
SELECT json_object('rows', 
(SELECT json_group_array(json_object('id', t0."id", 'stock', t0."stock", 'key:id', t0."id"))
  FROM 
(SELECT t0."id", t0."stock"
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
