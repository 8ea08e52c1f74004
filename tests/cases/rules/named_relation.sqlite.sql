SELECT json_object('notes', 
(SELECT json_group_array(json_object('title', t0."title", 'author', 
(SELECT json_object('name', t1."name")
  FROM "person" AS t1
  WHERE t1."id" = t0."author_id" AND (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t2
  WHERE t2."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t3
  WHERE t3."team_id" = t2."id" AND (t3."person_id" = ?1))))
  LIMIT 1)))
  FROM 
(SELECT t0."title", t0."author_id", t0."public", t0."team_id"
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t4
  WHERE t4."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t5
  WHERE t5."team_id" = t4."id" AND (t5."person_id" = ?1))))
  ORDER BY t0."id"
  LIMIT +1000) AS t0))
