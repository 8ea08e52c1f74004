SELECT json_object('0', t0."id", '1', t0."version", '2', t0."category_id")
  FROM "product" AS t0
  WHERE (t0."name" = ?1)
  ORDER BY t0."id"
  LIMIT 100001
INSERT INTO "category" ("name") VALUES (?1)
  RETURNING json_object('0', "id")
UPDATE "product" AS t0
  SET "stock" = ?1, "category_id" = ?2, "changed_on" = ?3, "version" = CASE WHEN t0."version" IS NOT NULL THEN 
(SELECT sum(v)
  FROM 
(SELECT t0."version" AS v UNION ALL SELECT ?4)) END
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?5)))
  RETURNING json_object('0', "id", '1', "version")
SELECT json_object('rows', 
(SELECT json_group_array(json_object('id', t0."id", 'stock', t0."stock", 'category', 
(SELECT json_object('id', t1."id", 'name', t1."name")
  FROM "category" AS t1
  WHERE t1."id" = t0."category_id"
  LIMIT 1), 'key:id', t0."id"))
  FROM 
(SELECT t0."id", t0."stock", t0."category_id"
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
