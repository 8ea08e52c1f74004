SELECT ('{"teams":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "team" AS t0
  WHERE EXISTS 
(SELECT 1
  FROM "membership" AS t1
  WHERE t1."team_id" = t0."id" AND (t1."person_id" = $1::int8)) AND (
(SELECT count(*)
  FROM "note" AS t2
  WHERE t2."team_id" = t0."id" AND ((t2."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t3
  WHERE t3."id" = t2."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t4
  WHERE t4."team_id" = t3."id" AND (t4."person_id" = $1::int8)))) AND EXISTS 
(SELECT 1
  FROM "team" AS t5
  WHERE t5."id" = t2."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t6
  WHERE t6."team_id" = t5."id" AND (t6."person_id" = $1::int8))))) >= $2::int4)
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || ',"people":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t7."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t7."id"
  FROM "person" AS t7
  WHERE (
(SELECT count(DISTINCT (CASE WHEN EXISTS 
(SELECT 1
  FROM "team" AS t9
  WHERE t9."id" = t8."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t10
  WHERE t10."team_id" = t9."id" AND (t10."person_id" = $1::int8))) THEN t8."score" END))
  FROM "note" AS t8
  WHERE t8."author_id" = t7."id" AND ((t8."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t11
  WHERE t11."id" = t8."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t12
  WHERE t12."team_id" = t11."id" AND (t12."person_id" = $1::int8)))) AND EXISTS 
(SELECT 1
  FROM "team" AS t13
  WHERE t13."id" = t8."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t14
  WHERE t14."team_id" = t13."id" AND (t14."person_id" = $1::int8))) AND (t8."public" = $3::bool))) > $4::int4)
  ORDER BY t7."id"
  LIMIT 1000) AS t7) || '}')::varchar
