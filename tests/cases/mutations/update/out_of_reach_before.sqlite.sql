SELECT json_object('0', t0."id")
  FROM "purchase" AS t0
  WHERE ((t0."customer_id" = ?1) AND (t0."state" = ?2))
  ORDER BY t0."id"
  LIMIT 100001
UPDATE "purchase" AS t0
  SET "note" = ?1
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?2)))
  RETURNING json_object('0', "id")
SELECT count(*)
  FROM "purchase" AS t0
  WHERE ((t0."id" IN 
(SELECT value
  FROM json_each(?1))) AND (t0."customer_id" = ?2) AND (t0."state" IN (?3, ?4)))
SELECT json_object('rows', 
(SELECT json_group_array(json_object('id', t0."id", 'note', t0."note", 'key:id', t0."id"))
  FROM 
(SELECT t0."id", t0."note"
  FROM "purchase" AS t0
  WHERE (t0."customer_id" = ?1) AND (t0."id" IN 
(SELECT value
  FROM json_each(?2)))
  LIMIT +5000) AS t0))
