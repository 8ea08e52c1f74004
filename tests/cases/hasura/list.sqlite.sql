SELECT json_object('note', 
(SELECT json_group_array(json_object('id', t0."id", 'created_at', replace(CASE WHEN length((CASE WHEN t0."hedgerow_0" THEN t0."created_at" END)) > 19 THEN rtrim(rtrim((CASE WHEN t0."hedgerow_0" THEN t0."created_at" END), '0'), '.') ELSE (CASE WHEN t0."hedgerow_0" THEN t0."created_at" END) END, ' ', 'T') || '+00:00', 'team', 
(SELECT json_object('name', t1."name")
  FROM "team" AS t1
  WHERE t1."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t2
  WHERE t2."team_id" = t1."id" AND (t2."person_id" = ?1)) AND EXISTS 
(SELECT 1
  FROM "team" AS t3
  WHERE t3."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t4
  WHERE t4."team_id" = t3."id" AND (t4."person_id" = ?1)))
  LIMIT 1), 'author', 
(SELECT json_object('name', t5."name")
  FROM "person" AS t5
  WHERE t5."id" = t0."author_id" AND EXISTS 
(SELECT 1
  FROM "team" AS t6
  WHERE t6."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t7
  WHERE t7."team_id" = t6."id" AND (t7."person_id" = ?1)))
  LIMIT 1)))
  FROM 
(SELECT t0."id", t0."created_at", t0."team_id", t0."author_id", EXISTS 
(SELECT 1
  FROM "team" AS t8
  WHERE t8."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t9
  WHERE t9."team_id" = t8."id" AND (t9."person_id" = ?1))) AS "hedgerow_0"
  FROM "note" AS t0 JOIN "team" AS t14 ON t14."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t15
  WHERE t15."team_id" = t14."id" AND (t15."person_id" = ?1)) AND EXISTS 
(SELECT 1
  FROM "team" AS t16
  WHERE t16."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t17
  WHERE t17."team_id" = t16."id" AND (t17."person_id" = ?1))) AND (hedgerow_folded(t14."name") LIKE hedgerow_folded(?2) ESCAPE '\')
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t12
  WHERE t12."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t13
  WHERE t13."team_id" = t12."id" AND (t13."person_id" = ?1)))) AND (t0."id" IN 
(SELECT value
  FROM json_each(?3)))
  ORDER BY (CASE WHEN EXISTS 
(SELECT 1
  FROM "team" AS t10
  WHERE t10."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t11
  WHERE t11."team_id" = t10."id" AND (t11."person_id" = ?1))) THEN t0."created_at" END) DESC NULLS LAST, t0."id"
  LIMIT +?4) AS t0))
