SELECT ('{"notes":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t1
  WHERE t1."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t2
  WHERE t2."team_id" = t1."id" AND (t2."person_id" = $1::int8)))) AND ((t0."id" = $2::int4) OR ((t0."public" = $3::bool) AND (NOT (t0."id" < $4::int4))))
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || ',"none":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t3."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t3."id"
  FROM "note" AS t3
  WHERE (1 = 0)
  ORDER BY t3."id"
  LIMIT 1000) AS t3) || ',"all":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t4."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t4."id"
  FROM "note" AS t4
  WHERE (t4."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t5
  WHERE t5."id" = t4."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t6
  WHERE t6."team_id" = t5."id" AND (t6."person_id" = $1::int8))))
  ORDER BY t4."id"
  LIMIT 1000) AS t4) || ',"empty":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t7."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t7."id"
  FROM "note" AS t7
  WHERE (t7."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t8
  WHERE t8."id" = t7."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t9
  WHERE t9."team_id" = t8."id" AND (t9."person_id" = $1::int8))))
  ORDER BY t7."id"
  LIMIT 1000) AS t7) || '}')::varchar
