SELECT json_object('notes', 
(SELECT json_group_array(json_object('id', t0."id"))
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t1
  WHERE t1."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t2
  WHERE t2."team_id" = t1."id" AND (t2."person_id" = ?1)))) AND (t0."id" IN 
(SELECT value
  FROM json_each(?2)))
  ORDER BY t0."id"
  LIMIT +1000) AS t0), 'none', 
(SELECT json_group_array(json_object('id', t3."id"))
  FROM 
(SELECT t3."id"
  FROM "note" AS t3
  WHERE (1 = 0)
  ORDER BY t3."id"
  LIMIT +1000) AS t3), 'not', 
(SELECT json_group_array(json_object('id', t4."id"))
  FROM 
(SELECT t4."id"
  FROM "note" AS t4
  WHERE (t4."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t5
  WHERE t5."id" = t4."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t6
  WHERE t6."team_id" = t5."id" AND (t6."person_id" = ?1)))) AND (NOT (CASE WHEN ?3 IS NOT NULL THEN t4."id" IN 
(SELECT value
  FROM json_each(?3)) END))
  ORDER BY t4."id"
  LIMIT +1000) AS t4))
