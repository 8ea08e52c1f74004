SELECT json_object('0', t0."id", '1', t0."version")
  FROM "product" AS t0
  WHERE (t0."name" = ?1)
  ORDER BY t0."id"
  LIMIT 100001
UPDATE "product" AS t0
  SET "price" = ?1, "stock" = CASE WHEN t0."stock" IS NOT NULL THEN 
(SELECT sum(v)
  FROM 
(SELECT t0."stock" AS v UNION ALL SELECT ?2)) END, "details" = hedgerow_json_append(t0."details", ?3), "changed_on" = ?4, "version" = CASE WHEN t0."version" IS NOT NULL THEN 
(SELECT sum(v)
  FROM 
(SELECT t0."version" AS v UNION ALL SELECT ?5)) END
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?6)))
  RETURNING json_object('0', "id", '1', "stock", '2', "version", '3', json("details"))
SELECT json_object('rows', 
(SELECT json_group_array(json_object('id', t0."id", 'price', printf('%.2f', t0."price"), 'stock', t0."stock", 'details', json(t0."details"), 'key:id', t0."id"))
  FROM 
(SELECT t0."id", t0."price", t0."stock", t0."details"
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
