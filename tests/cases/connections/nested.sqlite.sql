SELECT json_object('teams', 
(SELECT json_group_array(json_object('id', t0."id", 'notesConnection', json_object('rows', 
(SELECT json_group_array(json_object('n0', json_object('id', t1."id"), 'n1', json_object('title', t1."title", 'tagsConnection', json_object('rows', 
(SELECT json_group_array(json_object('n0', json_object('word', t2."word")))
  FROM 
(SELECT t2."word"
  FROM "tag" AS t2 JOIN "notetag" AS t3 ON t3."tag_id" = t2."id"
  WHERE t3."note_id" = t1."id" AND (NOT t3."secret")
  ORDER BY t2."id"
  LIMIT +1000 + 1) AS t2), 'total', 
(SELECT count(*)
  FROM "tag" AS t2 JOIN "notetag" AS t3 ON t3."tag_id" = t2."id"
  WHERE t3."note_id" = t1."id" AND (NOT t3."secret"))))))
  FROM 
(SELECT t1."id", t1."title"
  FROM "note" AS t1
  WHERE t1."team_id" = t0."id" AND (t1."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t4
  WHERE t4."id" = t1."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t5
  WHERE t5."team_id" = t4."id" AND (t5."person_id" = ?2)))) AND EXISTS 
(SELECT 1
  FROM "team" AS t6
  WHERE t6."id" = t1."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t7
  WHERE t7."team_id" = t6."id" AND (t7."person_id" = ?2)))
  ORDER BY t1."id"
  LIMIT +?1 + 1) AS t1))))
  FROM 
(SELECT t0."id"
  FROM "team" AS t0
  WHERE EXISTS 
(SELECT 1
  FROM "membership" AS t8
  WHERE t8."team_id" = t0."id" AND (t8."person_id" = ?2))
  ORDER BY t0."id"
  LIMIT +1000) AS t0))
