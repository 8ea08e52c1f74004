SELECT json_object('membership', 
(SELECT json_object('role', t0."role", 'person', 
(SELECT json_object('name', t1."name")
  FROM "person" AS t1
  WHERE t1."id" = t0."person_id"
  LIMIT 1))
  FROM "membership" AS t0
  WHERE EXISTS 
(SELECT 1
  FROM "team" AS t2
  WHERE t2."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t3
  WHERE t3."team_id" = t2."id" AND (t3."person_id" = ?1))) AND (t0."team_id" = ?2) AND (t0."person_id" = ?3)
  LIMIT 1))
