SELECT json_object('people', 
(SELECT json_group_array(json_object('name', t0."name"))
  FROM 
(SELECT t0."name"
  FROM "person" AS t0
  WHERE EXISTS 
(SELECT 1
  FROM "membership" AS t1
  WHERE t1."person_id" = t0."id" AND (EXISTS 
(SELECT 1
  FROM "team" AS t2
  WHERE t2."id" = t1."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t3
  WHERE t3."team_id" = t2."id" AND (t3."person_id" = ?1))) AND EXISTS 
(SELECT 1
  FROM "team" AS t4
  WHERE t4."id" = t1."team_id" AND (EXISTS 
(SELECT 1
  FROM "membership" AS t5
  WHERE t5."team_id" = t4."id" AND (t5."person_id" = ?1)) AND EXISTS 
(SELECT 1
  FROM "note" AS t6
  WHERE t6."team_id" = t4."id" AND ((t6."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t7
  WHERE t7."id" = t6."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t8
  WHERE t8."team_id" = t7."id" AND (t8."person_id" = ?1)))) AND EXISTS 
(SELECT 1
  FROM "team" AS t9
  WHERE t9."id" = t6."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t10
  WHERE t10."team_id" = t9."id" AND (t10."person_id" = ?1))) AND EXISTS 
(SELECT 1
  FROM "tag" AS t11 JOIN "notetag" AS t12 ON t12."tag_id" = t11."id"
  WHERE t12."note_id" = t6."id" AND (NOT t12."secret") AND (t11."word" = ?2))))))))
  ORDER BY t0."id"
  LIMIT +1000) AS t0))
