SELECT json_object('notesAggregate', json_object('groups', 
(SELECT json_group_array(json_object('key', json_object('team', json_object('name', t1.g0), 'author', json_object('born', json_object('year', t1.g1), '__typename', 'PersonKey')), 'aggregate', json_object('count', t1.g2)))
  FROM 
(SELECT t0."hedgerow_0" AS g0, t0."hedgerow_1" AS g1, count(*) AS g2
  FROM 
(SELECT 
(SELECT t2."name"
  FROM "team" AS t2
  WHERE t2."id" = t0."team_id" AND (EXISTS 
(SELECT 1
  FROM "membership" AS t3
  WHERE t3."team_id" = t2."id" AND (t3."person_id" = ?1)) AND EXISTS 
(SELECT 1
  FROM "team" AS t4
  WHERE t4."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t5
  WHERE t5."team_id" = t4."id" AND (t5."person_id" = ?1))))
  LIMIT 1) AS "hedgerow_0", 
(SELECT CAST(substr((CASE WHEN (t6."id" = ?1) THEN t6."born" END), 1, 4) AS INTEGER)
  FROM "person" AS t6
  WHERE t6."id" = t0."author_id" AND EXISTS 
(SELECT 1
  FROM "team" AS t7
  WHERE t7."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t8
  WHERE t8."team_id" = t7."id" AND (t8."person_id" = ?1)))
  LIMIT 1) AS "hedgerow_1"
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t9
  WHERE t9."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t10
  WHERE t10."team_id" = t9."id" AND (t10."person_id" = ?1))))) AS t0 GROUP BY t0."hedgerow_0", t0."hedgerow_1"
  ORDER BY t0."hedgerow_1" DESC NULLS FIRST, t0."hedgerow_0" NULLS LAST
  LIMIT +1000) AS t1)))
