SELECT ('{"teams":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t0."name")::text || ',"notes":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t1."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t1."id"
  FROM "note" AS t1
  WHERE t1."team_id" = t0."id" AND (t1."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t2
  WHERE t2."id" = t1."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t3
  WHERE t3."team_id" = t2."id" AND (t3."person_id" = $1::int8)))) AND EXISTS 
(SELECT 1
  FROM "team" AS t4
  WHERE t4."id" = t1."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t5
  WHERE t5."team_id" = t4."id" AND (t5."person_id" = $1::int8)))
  ORDER BY t1."id"
  LIMIT 1000) AS t1) || ',"memberships":' || 
(SELECT '[' || coalesce(string_agg('{"person":' || coalesce(
(SELECT '{"name":' || to_json(t7."name")::text || '}'
  FROM "person" AS t7
  WHERE t7."id" = t6."person_id"
  LIMIT 1), 'null') || '}', ','), '') || ']'
  FROM 
(SELECT t6."person_id"
  FROM "membership" AS t6
  WHERE t6."team_id" = t0."id" AND EXISTS 
(SELECT 1
  FROM "team" AS t8
  WHERE t8."id" = t6."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t9
  WHERE t9."team_id" = t8."id" AND (t9."person_id" = $1::int8)))
  ORDER BY t6."team_id", t6."person_id"
  LIMIT 1000) AS t6) || '}', ','), '') || ']'
  FROM 
(SELECT t0."name", t0."id"
  FROM "team" AS t0
  WHERE EXISTS 
(SELECT 1
  FROM "membership" AS t10
  WHERE t10."team_id" = t0."id" AND (t10."person_id" = $1::int8))
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || '}')::varchar
