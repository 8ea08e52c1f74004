SELECT json_object('teams', 
(SELECT json_group_array(json_object('id', t0."id", 'notesAggregate', json_object('groups', 
(SELECT json_group_array(json_object('key', json_object('public', json(CASE t2.g0 WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)), 'aggregate', json_object('count', t2.g1, 'avg', json_object('score', json(hedgerow_float(t2.g2))))))
  FROM 
(SELECT t1."public" AS g0, count(*) AS g1, (hedgerow_sum((CASE WHEN t1."hedgerow_0" THEN t1."score" END)) / nullif(count((CASE WHEN t1."hedgerow_0" THEN t1."score" END)), 0)) AS g2
  FROM 
(SELECT t1."public", t1."score", EXISTS 
(SELECT 1
  FROM "team" AS t3
  WHERE t3."id" = t1."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t4
  WHERE t4."team_id" = t3."id" AND (t4."person_id" = ?2))) AS "hedgerow_0"
  FROM "note" AS t1
  WHERE t1."team_id" = t0."id" AND (t1."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t5
  WHERE t5."id" = t1."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t6
  WHERE t6."team_id" = t5."id" AND (t6."person_id" = ?2)))) AND EXISTS 
(SELECT 1
  FROM "team" AS t7
  WHERE t7."id" = t1."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t8
  WHERE t8."team_id" = t7."id" AND (t8."person_id" = ?2)))) AS t1 GROUP BY t1."public" HAVING (count(*) > ?1)
  ORDER BY t1."public" NULLS LAST
  LIMIT +1000) AS t2))))
  FROM 
(SELECT t0."id"
  FROM "team" AS t0
  WHERE EXISTS 
(SELECT 1
  FROM "membership" AS t9
  WHERE t9."team_id" = t0."id" AND (t9."person_id" = ?2))
  ORDER BY t0."id"
  LIMIT +1000) AS t0))
