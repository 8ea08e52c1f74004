SELECT json_object('0', t0."id", '1', t0."version")
  FROM "product" AS t0
  WHERE (t0."id" = ?1)
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
-- Again, to tell what is wrong.
SELECT json_object('0', t0."id", '1', t0."version")
  FROM "product" AS t0
  WHERE (t0."id" = ?1)
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
SELECT json_object('0', t0."id"), json_object('0', t0."id", '1', t0."name", '2', t0."size", '3', CASE WHEN t0."price" IS NOT NULL THEN printf('%.2f', t0."price") END, '4', (CASE WHEN t0."stock" IS NOT NULL THEN 
(SELECT sum(v)
  FROM 
(SELECT t0."stock" AS v UNION ALL SELECT ?1)) END), '5', json(hedgerow_float(t0."weight")), '6', json(t0."details"), '7', json(CASE t0."hidden" WHEN 1 THEN 'true' WHEN 0 THEN 'false' END), '8', t0."made_on", '9', (?2), '10', (CASE WHEN t0."version" IS NOT NULL THEN 
(SELECT sum(v)
  FROM 
(SELECT t0."version" AS v UNION ALL SELECT ?3)) END), '11', t0."category_id")
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?4)))
