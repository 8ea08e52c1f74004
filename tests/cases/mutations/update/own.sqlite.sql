SELECT json_object('0', t0."id")
  FROM "customer" AS t0
  WHERE (t0."id" = ?1)
  ORDER BY t0."id"
  LIMIT 100001
UPDATE "customer" AS t0
  SET "city" = ?1
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?2)))
  RETURNING json_object('0', "id")
SELECT count(*)
  FROM "customer" AS t0
  WHERE ((t0."id" IN 
(SELECT value
  FROM json_each(?1))) AND (t0."id" = ?2))
SELECT json_object('rows', 
(SELECT json_group_array(json_object('id', t0."id", 'name', t0."name", 'city', (CASE WHEN t0."hedgerow_0" THEN t0."city" END), 'key:id', t0."id"))
  FROM 
(SELECT t0."id", t0."name", t0."city", (t0."id" = ?1) AS "hedgerow_0"
  FROM "customer" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?2)))
  LIMIT +5000) AS t0))
