SELECT json_object('notes', 
(SELECT json_group_array(json_object('id', t0."id", 'tags', 
(SELECT json_group_array(json_object('word', t1."word"))
  FROM 
(SELECT t1."word"
  FROM "tag" AS t1 JOIN "notetag" AS t2 ON t2."tag_id" = t1."id"
  WHERE t2."note_id" = t0."id" AND (NOT t2."secret")
  ORDER BY t1."id"
  LIMIT +1000) AS t1)))
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t3
  WHERE t3."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t4
  WHERE t4."team_id" = t3."id" AND (t4."person_id" = ?1))))
  ORDER BY t0."id"
  LIMIT +1000) AS t0), 'tags', 
(SELECT json_group_array(json_object('word', t5."word", 'notes', 
(SELECT json_group_array(json_object('id', t6."id"))
  FROM 
(SELECT t6."id"
  FROM "note" AS t6 JOIN "notetag" AS t7 ON t7."note_id" = t6."id"
  WHERE t7."tag_id" = t5."id" AND (NOT t7."secret") AND (t6."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t8
  WHERE t8."id" = t6."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t9
  WHERE t9."team_id" = t8."id" AND (t9."person_id" = ?1))))
  ORDER BY t6."id"
  LIMIT +1000) AS t6)))
  FROM 
(SELECT t5."word", t5."id"
  FROM "tag" AS t5
  ORDER BY t5."id"
  LIMIT +1000) AS t5))
