SELECT json_object('notesConnection', json_object('rows', 
(SELECT json_group_array(json_object('c0', t0."title", 'c1', t0."id", 'n0', json_object('id', t0."id", 'title', t0."title"), 'n1', json_object('title', t0."title")))
  FROM 
(SELECT t0."title", t0."id"
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t1
  WHERE t1."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t2
  WHERE t2."team_id" = t1."id" AND (t2."person_id" = ?2))))
  ORDER BY t0."title", t0."id"
  LIMIT +?1 + 1) AS t0), 'total', 
(SELECT count(*)
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t3
  WHERE t3."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t4
  WHERE t4."team_id" = t3."id" AND (t4."person_id" = ?2)))))))
