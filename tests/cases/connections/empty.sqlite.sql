SELECT json_object('notesConnection', json_object('rows', 
(SELECT json_group_array(json_object('c0', t0."id", 'n0', json_object('id', t0."id")))
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t1
  WHERE t1."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t2
  WHERE t2."team_id" = t1."id" AND (t2."person_id" = ?2))))
  ORDER BY t0."id"
  LIMIT +?1 + 1) AS t0)), 'none', json_object('rows', 
(SELECT json_group_array(json_object('c0', t3."id"))
  FROM 
(SELECT t3."id"
  FROM "note" AS t3
  WHERE (t3."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t4
  WHERE t4."id" = t3."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t5
  WHERE t5."team_id" = t4."id" AND (t5."person_id" = ?2)))) AND (t3."id" < ?1)
  ORDER BY t3."id"
  LIMIT +1000 + 1) AS t3), 'total', 
(SELECT count(*)
  FROM "note" AS t3
  WHERE (t3."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t6
  WHERE t6."id" = t3."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t7
  WHERE t7."team_id" = t6."id" AND (t7."person_id" = ?2)))) AND (t3."id" < ?1))))
