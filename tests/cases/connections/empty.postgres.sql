SELECT ('{"notesConnection":' || '{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"c0":' || coalesce(t0."id"::text, 'null') || ',"n0":' || '{"id":' || t0."id"::text || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t1
  WHERE t1."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t2
  WHERE t2."team_id" = t1."id" AND (t2."person_id" = $2::int8))))
  ORDER BY t0."id"
  LIMIT $1::int4 + 1) AS t0) || '}' || ',"none":' || '{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"c0":' || coalesce(t3."id"::text, 'null') || '}', ','), '') || ']'
  FROM 
(SELECT t3."id"
  FROM "note" AS t3
  WHERE (t3."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t4
  WHERE t4."id" = t3."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t5
  WHERE t5."team_id" = t4."id" AND (t5."person_id" = $2::int8)))) AND (t3."id" < $1::int4)
  ORDER BY t3."id"
  LIMIT 1000 + 1) AS t3) || ',"total":' || 
(SELECT count(*)
  FROM "note" AS t3
  WHERE (t3."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t6
  WHERE t6."id" = t3."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t7
  WHERE t7."team_id" = t6."id" AND (t7."person_id" = $2::int8)))) AND (t3."id" < $1::int4))::text || '}' || '}')::varchar
