SELECT json_object('0', substr(t0."id", 1, 8) || '-' || substr(t0."id", 9, 4) || '-' || substr(t0."id", 13, 4) || '-' || substr(t0."id", 17, 4) || '-' || substr(t0."id", 21, 12))
  FROM "review" AS t0
  WHERE (t0."author_id" = ?1)
  ORDER BY t0."id"
  LIMIT 100001
SELECT json_object('rows', 
(SELECT json_group_array(json_object('text', t0."text", 'author', 
(SELECT json_object('name', t1."name")
  FROM "customer" AS t1
  WHERE t1."id" = t0."author_id"
  LIMIT 1), 'key:id', substr(t0."id", 1, 8) || '-' || substr(t0."id", 9, 4) || '-' || substr(t0."id", 13, 4) || '-' || substr(t0."id", 17, 4) || '-' || substr(t0."id", 21, 12)))
  FROM 
(SELECT t0."text", t0."author_id", t0."id"
  FROM "review" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
DELETE
  FROM "review" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  RETURNING json_object('0', substr("id", 1, 8) || '-' || substr("id", 9, 4) || '-' || substr("id", 13, 4) || '-' || substr("id", 17, 4) || '-' || substr("id", 21, 12))
