SELECT json_object('notes', 
(SELECT json_group_array(json_object('id', t0."id", 'team', 
(SELECT json_object('id', t1."id", 'name', t1."name")
  FROM "team" AS t1
  WHERE t1."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t2
  WHERE t2."team_id" = t1."id" AND (t2."person_id" = ?1)) AND EXISTS 
(SELECT 1
  FROM "team" AS t3
  WHERE t3."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t4
  WHERE t4."team_id" = t3."id" AND (t4."person_id" = ?1)))
  LIMIT 1), 'title', t0."title"))
  FROM 
(SELECT t0."id", t0."team_id", t0."title"
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t5
  WHERE t5."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t6
  WHERE t6."team_id" = t5."id" AND (t6."person_id" = ?1))))
  ORDER BY t0."id"
  LIMIT +?2) AS t0))
