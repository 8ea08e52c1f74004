SELECT ('{"people":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"notesAggregate":' || '{"aggregate":' || 
(SELECT '{"count":' || t2.g0::text || '}'
  FROM 
(SELECT count(*) AS g0
  FROM 
(SELECT 1
  FROM "note" AS t1
  WHERE t1."author_id" = t0."id") AS t1) AS t2) || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "person" AS t0
  ORDER BY 
(SELECT count(*)
  FROM "note" AS t3
  WHERE t3."author_id" = t0."id") DESC NULLS FIRST, 
(SELECT max(t4."score")
  FROM "note" AS t4
  WHERE t4."author_id" = t0."id") NULLS FIRST, t0."id" DESC
  LIMIT 1000) AS t0) || '}')::varchar
