SELECT ('{"notes":' || 
(SELECT '[' || coalesce(string_agg('{"team":' || coalesce(
(SELECT '{"memberships":' || 
(SELECT '[' || coalesce(string_agg('{"person":' || coalesce(
(SELECT '{"notes":' || 
(SELECT '[' || coalesce(string_agg('{"team":' || coalesce(
(SELECT '{"memberships":' || 
(SELECT '[' || coalesce(string_agg('{"person":' || coalesce(
(SELECT '{"name":' || to_json(t7."name")::text || '}'
  FROM "person" AS t7
  WHERE t7."id" = t6."person_id"
  LIMIT 1), 'null') || '}', ','), '') || ']'
  FROM 
(SELECT t6."person_id"
  FROM "membership" AS t6
  WHERE t6."team_id" = t5."id" AND EXISTS 
(SELECT 1
  FROM "team" AS t8
  WHERE t8."id" = t6."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t9
  WHERE t9."team_id" = t8."id" AND (t9."person_id" = $1::int8)))
  ORDER BY t6."team_id", t6."person_id"
  LIMIT 1000) AS t6) || '}'
  FROM "team" AS t5
  WHERE t5."id" = t4."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t10
  WHERE t10."team_id" = t5."id" AND (t10."person_id" = $1::int8)) AND EXISTS 
(SELECT 1
  FROM "team" AS t11
  WHERE t11."id" = t4."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t12
  WHERE t12."team_id" = t11."id" AND (t12."person_id" = $1::int8)))
  LIMIT 1), 'null') || '}', ','), '') || ']'
  FROM 
(SELECT t4."team_id"
  FROM "note" AS t4
  WHERE t4."author_id" = t3."id" AND (t4."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t13
  WHERE t13."id" = t4."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t14
  WHERE t14."team_id" = t13."id" AND (t14."person_id" = $1::int8)))) AND EXISTS 
(SELECT 1
  FROM "team" AS t15
  WHERE t15."id" = t4."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t16
  WHERE t16."team_id" = t15."id" AND (t16."person_id" = $1::int8)))
  ORDER BY t4."id"
  LIMIT 1000) AS t4) || '}'
  FROM "person" AS t3
  WHERE t3."id" = t2."person_id"
  LIMIT 1), 'null') || '}', ','), '') || ']'
  FROM 
(SELECT t2."person_id"
  FROM "membership" AS t2
  WHERE t2."team_id" = t1."id" AND EXISTS 
(SELECT 1
  FROM "team" AS t17
  WHERE t17."id" = t2."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t18
  WHERE t18."team_id" = t17."id" AND (t18."person_id" = $1::int8)))
  ORDER BY t2."team_id", t2."person_id"
  LIMIT 1000) AS t2) || '}'
  FROM "team" AS t1
  WHERE t1."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t19
  WHERE t19."team_id" = t1."id" AND (t19."person_id" = $1::int8)) AND EXISTS 
(SELECT 1
  FROM "team" AS t20
  WHERE t20."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t21
  WHERE t21."team_id" = t20."id" AND (t21."person_id" = $1::int8)))
  LIMIT 1), 'null') || '}', ','), '') || ']'
  FROM 
(SELECT t0."team_id"
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t22
  WHERE t22."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t23
  WHERE t23."team_id" = t22."id" AND (t23."person_id" = $1::int8))))
  ORDER BY t0."id"
  LIMIT $2::int4) AS t0) || '}')::varchar
