SELECT ('{"notes":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"team":' || coalesce(
(SELECT '{"name":' || to_json(t1."name")::text || '}'
  FROM "team" AS t1
  WHERE t1."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t2
  WHERE t2."team_id" = t1."id" AND (t2."person_id" = $1::int8)) AND EXISTS 
(SELECT 1
  FROM "team" AS t3
  WHERE t3."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t4
  WHERE t4."team_id" = t3."id" AND (t4."person_id" = $1::int8)))
  LIMIT 1), 'null') || ',"__typename":"Note","author":' || coalesce(
(SELECT '{"name":' || to_json(t5."name")::text || '}'
  FROM "person" AS t5
  WHERE t5."id" = t0."author_id" AND EXISTS 
(SELECT 1
  FROM "team" AS t6
  WHERE t6."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t7
  WHERE t7."team_id" = t6."id" AND (t7."person_id" = $1::int8)))
  LIMIT 1), 'null') || '}', ','), '') || ']'
  FROM 
(SELECT t0."id", t0."team_id", t0."author_id"
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t8
  WHERE t8."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t9
  WHERE t9."team_id" = t8."id" AND (t9."person_id" = $1::int8))))
  ORDER BY t0."id"
  LIMIT $2::int4) AS t0) || '}')::varchar
