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
(SELECT json_group_array(json_object('id', t0."id", 'version', t0."version", 'stock', t0."stock", 'details', json(t0."details"), 'category', 
(SELECT json_object('name', t1."name")
  FROM "category" AS t1
  WHERE t1."id" = t0."category_id"
  LIMIT 1), 'key:id', t0."id"))
  FROM 
(SELECT t0."id", t0."version", t0."stock", t0."details", t0."category_id"
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
SELECT json_object('0', t0."id", '1', t0."version")
  FROM "product" AS t0
  WHERE EXISTS 
(SELECT 1
  FROM "label" AS t2 JOIN "productlabel" AS t3 ON t3."label_id" = t2."id"
  WHERE t3."product_id" = t0."id" AND (t2."word" = ?1))
  ORDER BY t0."id"
  LIMIT 100001
UPDATE "product" AS t0
  SET "stock" = CASE WHEN t0."stock" IS NOT NULL THEN 
(SELECT sum(v)
  FROM 
(SELECT t0."stock" AS v UNION ALL SELECT ?1)) END, "details" = hedgerow_json_append(t0."details", ?2), "changed_on" = ?3, "version" = CASE WHEN t0."version" IS NOT NULL THEN 
(SELECT sum(v)
  FROM 
(SELECT t0."version" AS v UNION ALL SELECT ?4)) END
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?5)))
  RETURNING json_object('0', "id", '1', "stock", '2', "version", '3', json("details"))
SELECT json_object('rows', 
(SELECT json_group_array(json_object('id', t0."id", 'version', t0."version", 'stock', t0."stock", 'details', json(t0."details"), 'category', 
(SELECT json_object('name', t1."name")
  FROM "category" AS t1
  WHERE t1."id" = t0."category_id"
  LIMIT 1), 'key:id', t0."id"))
  FROM 
(SELECT t0."id", t0."version", t0."stock", t0."details", t0."category_id"
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
