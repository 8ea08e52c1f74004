SELECT json_object('note_aggregate', json_object('aggregate', 
(SELECT json_object('count', t1.g0, 'stddev_pop', json_object('id', json(hedgerow_float(t1.g1))), 'sum', json_object('id', CASE WHEN t1.g2 BETWEEN -9007199254740991 AND 9007199254740991 THEN t1.g2 ELSE CAST(t1.g2 AS TEXT) END))
  FROM 
(SELECT count(DISTINCT t0."score") AS g0, sqrt(hedgerow_variance(t0."id", 0)) AS g1, sum(t0."id") AS g2
  FROM 
(SELECT t0.*
  FROM 
(SELECT t0."score", t0."id", t0."id" AS "hedgerow_1", row_number() OVER (PARTITION BY t0."id") AS "hedgerow_0"
  FROM "note" AS t0
  WHERE (t0."public" = ?1)) AS t0
  WHERE t0."hedgerow_0" = 1
  ORDER BY t0."hedgerow_1") AS t0) AS t1), 'nodes', 
(SELECT json_group_array(json_object('id', t0."id"))
  FROM 
(SELECT t0.*
  FROM 
(SELECT t0."id", t0."id" AS "hedgerow_1", row_number() OVER (PARTITION BY t0."id") AS "hedgerow_0"
  FROM "note" AS t0
  WHERE (t0."public" = ?1)) AS t0
  WHERE t0."hedgerow_0" = 1
  ORDER BY t0."hedgerow_1"
  LIMIT +1000) AS t0), 'groups', 
(SELECT json_group_array(json_object('key', json_object('created_at', json_object('date', t2.g0)), 'aggregate', json_object('count', t2.g1)))
  FROM 
(SELECT t0."hedgerow_0" AS g0, count(*) AS g1
  FROM 
(SELECT t0.*
  FROM 
(SELECT substr(t0."created_at", 1, 10) AS "hedgerow_0", t0."id" AS "hedgerow_2", row_number() OVER (PARTITION BY t0."id") AS "hedgerow_1"
  FROM "note" AS t0
  WHERE (t0."public" = ?1)) AS t0
  WHERE t0."hedgerow_1" = 1
  ORDER BY t0."hedgerow_2") AS t0 GROUP BY t0."hedgerow_0"
  ORDER BY +t0."hedgerow_0" NULLS LAST
  LIMIT +?2) AS t2)), 'team', 
(SELECT json_group_array(json_object('id', t3."id"))
  FROM 
(SELECT t3."id"
  FROM "team" AS t3
  WHERE (
(SELECT count(DISTINCT t6."id")
  FROM "note" AS t6
  WHERE t6."team_id" = t3."id" AND (t6."public" = ?1)) > ?2)
  ORDER BY 
(SELECT count(*)
  FROM "note" AS t4
  WHERE t4."team_id" = t3."id") DESC NULLS FIRST, 
(SELECT max(t5."score")
  FROM "note" AS t5
  WHERE t5."team_id" = t3."id") NULLS LAST, t3."id"
  LIMIT +1000) AS t3), 'everyone', 
(SELECT json_group_array(json_object('id', t7."id", 'notes_aggregate', json_object('aggregate', 
(SELECT json_object('count', t9.g0)
  FROM 
(SELECT count(*) AS g0
  FROM 
(SELECT 1
  FROM "note" AS t8
  WHERE t8."team_id" = t7."id") AS t8) AS t9))))
  FROM 
(SELECT t7."id"
  FROM "team" AS t7
  WHERE EXISTS 
(SELECT 1
  FROM "note" AS t11
  WHERE t11."team_id" = t7."id" AND (t11."public" = ?1))
  ORDER BY 
(SELECT count(*)
  FROM "note" AS t10
  WHERE t10."team_id" = t7."id") DESC NULLS FIRST, t7."id" DESC
  LIMIT +1000) AS t7))
