SELECT ('{"teams":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"notesAggregate":' || '{"aggregate":' || 
(SELECT '{"count":' || t2.g0::text || '}'
  FROM 
(SELECT count(t1."score") AS g0
  FROM 
(SELECT t1."score"
  FROM "note" AS t1
  WHERE t1."team_id" = t0."id") AS t1) AS t2) || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "team" AS t0
  WHERE (
(SELECT count(*)
  FROM "note" AS t4
  WHERE t4."team_id" = t0."id") >= $1::int4)
  ORDER BY 
(SELECT count(*)
  FROM "note" AS t3
  WHERE t3."team_id" = t0."id") DESC NULLS FIRST, t0."id"
  LIMIT 1000) AS t0) || '}')::varchar
