SELECT json_object('0', t0."id", '1', t0."version")
  FROM "product" AS t0
  WHERE (t0."id" = ?1)
  ORDER BY t0."id"
  LIMIT 100001
UPDATE "product" AS t0
  SET "details" = hedgerow_json_append(t0."details", ?1), "changed_on" = ?2, "version" = CASE WHEN t0."version" IS NOT NULL THEN 
(SELECT sum(v)
  FROM 
(SELECT t0."version" AS v UNION ALL SELECT ?3)) END
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?4)))
  RETURNING json_object('0', "id", '1', "version", '2', json("details"))
SELECT json_object('rows', 
(SELECT json_group_array(json_object('details', json(t0."details"), 'key:id', t0."id"))
  FROM 
(SELECT t0."details", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
SELECT json_object('0', t0."id", '1', t0."version")
  FROM "product" AS t0
  WHERE (t0."id" = ?1)
  ORDER BY t0."id"
  LIMIT 100001
UPDATE "product" AS t0
  SET "details" = hedgerow_json_delete_key(t0."details", ?1), "changed_on" = ?2, "version" = CASE WHEN t0."version" IS NOT NULL THEN 
(SELECT sum(v)
  FROM 
(SELECT t0."version" AS v UNION ALL SELECT ?3)) END
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?4)))
  RETURNING json_object('0', "id", '1', "version", '2', json("details"))
SELECT json_object('rows', 
(SELECT json_group_array(json_object('details', json(t0."details"), 'key:id', t0."id"))
  FROM 
(SELECT t0."details", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
SELECT json_object('0', t0."id", '1', t0."version")
  FROM "product" AS t0
  WHERE (t0."id" = ?1)
  ORDER BY t0."id"
  LIMIT 100001
UPDATE "product" AS t0
  SET "details" = hedgerow_json_delete_at_path(t0."details", ?1), "changed_on" = ?2, "version" = CASE WHEN t0."version" IS NOT NULL THEN 
(SELECT sum(v)
  FROM 
(SELECT t0."version" AS v UNION ALL SELECT ?3)) END
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?4)))
  RETURNING json_object('0', "id", '1', "version", '2', json("details"))
SELECT json_object('rows', 
(SELECT json_group_array(json_object('details', json(t0."details"), 'key:id', t0."id"))
  FROM 
(SELECT t0."details", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
SELECT json_object('0', t0."id", '1', t0."version")
  FROM "product" AS t0
  WHERE (t0."id" = ?1)
  ORDER BY t0."id"
  LIMIT 100001
UPDATE "product" AS t0
  SET "details" = ?1, "changed_on" = ?2, "version" = CASE WHEN t0."version" IS NOT NULL THEN 
(SELECT sum(v)
  FROM 
(SELECT t0."version" AS v UNION ALL SELECT ?3)) END
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?4)))
  RETURNING json_object('0', "id", '1', "version")
SELECT json_object('rows', 
(SELECT json_group_array(json_object('details', json(t0."details"), 'key:id', t0."id"))
  FROM 
(SELECT t0."details", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
SELECT json_object('0', t0."id", '1', t0."version")
  FROM "product" AS t0
  WHERE (t0."id" = ?1)
  ORDER BY t0."id"
  LIMIT 100001
UPDATE "product" AS t0
  SET "details" = hedgerow_json_prepend(t0."details", ?1), "changed_on" = ?2, "version" = CASE WHEN t0."version" IS NOT NULL THEN 
(SELECT sum(v)
  FROM 
(SELECT t0."version" AS v UNION ALL SELECT ?3)) END
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?4)))
  RETURNING json_object('0', "id", '1', "version", '2', json("details"))
SELECT json_object('rows', 
(SELECT json_group_array(json_object('details', json(t0."details"), 'key:id', t0."id"))
  FROM 
(SELECT t0."details", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
SELECT json_object('0', t0."id", '1', t0."version")
  FROM "product" AS t0
  WHERE (t0."id" = ?1)
  ORDER BY t0."id"
  LIMIT 100001
UPDATE "product" AS t0
  SET "details" = hedgerow_json_delete_elem(t0."details", ?1), "changed_on" = ?2, "version" = CASE WHEN t0."version" IS NOT NULL THEN 
(SELECT sum(v)
  FROM 
(SELECT t0."version" AS v UNION ALL SELECT ?3)) END
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?4)))
  RETURNING json_object('0', "id", '1', "version", '2', json("details"))
SELECT json_object('rows', 
(SELECT json_group_array(json_object('details', json(t0."details"), 'key:id', t0."id"))
  FROM 
(SELECT t0."details", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
