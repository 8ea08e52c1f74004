SELECT ('{"notesConnection":' || '{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"n0":' || '{"id":' || t0."id"::text || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t1
  WHERE t1."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t2
  WHERE t2."team_id" = t1."id" AND (t2."person_id" = $2::int8)))) AND (t0."public" = $3::bool)
  ORDER BY t0."id" DESC
  LIMIT $1::int4 + 1) AS t0) || ',"total":' || 
(SELECT count(*)
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t3
  WHERE t3."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t4
  WHERE t4."team_id" = t3."id" AND (t4."person_id" = $2::int8)))) AND (t0."public" = $3::bool))::text || '}' || '}')::varchar
