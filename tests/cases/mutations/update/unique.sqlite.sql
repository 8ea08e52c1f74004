SELECT json_object('0', t0."id")
  FROM "category" AS t0
  WHERE (t0."id" = ?1)
  ORDER BY t0."id"
  LIMIT 100001
UPDATE "category" AS t0
  SET "name" = ?1
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?2)))
  RETURNING json_object('0', "id")
-- Again, to tell what is wrong.
SELECT json_object('0', t0."id")
  FROM "category" AS t0
  WHERE (t0."id" = ?1)
  ORDER BY t0."id"
  LIMIT 100001
UPDATE "category" AS t0
  SET "name" = ?1
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?2)))
  RETURNING json_object('0', "id")
SELECT json_object('0', t0."id"), json_object('0', t0."id", '1', (?1), '2', t0."parent_id")
  FROM "category" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?2)))
