SELECT json_object('teams', 
(SELECT json_group_array(json_object('id', t0."id", 'notesAggregate', json_object('aggregate', 
(SELECT json_object('count', t2.g0)
  FROM 
(SELECT count(t1."score") AS g0
  FROM 
(SELECT t1."score"
  FROM "note" AS t1
  WHERE t1."team_id" = t0."id") AS t1) AS t2))))
  FROM 
(SELECT t0."id"
  FROM "team" AS t0
  WHERE (
(SELECT count(*)
  FROM "note" AS t4
  WHERE t4."team_id" = t0."id") >= ?1)
  ORDER BY 
(SELECT count(*)
  FROM "note" AS t3
  WHERE t3."team_id" = t0."id") DESC NULLS FIRST, t0."id"
  LIMIT +1000) AS t0))
