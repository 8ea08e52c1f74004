SELECT ('{"notesAggregate":' || '{"aggregate":' || 
(SELECT '{"count":' || t1.g0::text || ',"max":' || '{"score":' || coalesce(CASE WHEN t1.g1 - t1.g1 = 0 THEN (t1.g1 + 0)::text END, 'null') || '}' || '}'
  FROM 
(SELECT count(*) AS g0, max(t0."score") AS g1
  FROM 
(SELECT t0."score"
  FROM "note" AS t0
  WHERE (t0."public" = $1::bool)
  ORDER BY t0."score" DESC NULLS FIRST, t0."id"
  LIMIT $2::int4) AS t0) AS t1) || ',"nodes":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  WHERE (t0."public" = $1::bool)
  ORDER BY t0."score" DESC NULLS FIRST, t0."id"
  LIMIT least($2::int4, 1000)) AS t0) || '}' || '}')::varchar
