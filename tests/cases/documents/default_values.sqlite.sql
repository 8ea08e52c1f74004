SELECT json_object('notes', 
(SELECT json_group_array(json_object('id', t0."id", 'title', t0."title"))
  FROM 
(SELECT t0."id", t0."title"
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t1
  WHERE t1."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t2
  WHERE t2."team_id" = t1."id" AND (t2."person_id" = ?1))))
  ORDER BY t0."title", t0."id"
  LIMIT +?2) AS t0), 'note', 
(SELECT json_object('title', t3."title")
  FROM "note" AS t3
  WHERE (t3."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t4
  WHERE t4."id" = t3."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t5
  WHERE t5."team_id" = t4."id" AND (t5."person_id" = ?1)))) AND (t3."id" = ?3)
  LIMIT 1))
