SELECT ('{"notesAggregate":' || '{"a":' || 
(SELECT '[' || coalesce(string_agg('{"key":' || '{"id":' || coalesce(t1.g0::text, 'null') || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t0."id" AS g0
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  ORDER BY t0."id" DESC
  LIMIT $1::int4) AS t0 GROUP BY t0."id"
  ORDER BY t0."id" NULLS FIRST
  LIMIT 1000) AS t1) || ',"b":' || 
(SELECT '[' || coalesce(string_agg('{"key":' || '{"id":' || coalesce(t2.g0::text, 'null') || ',"score":' || coalesce(CASE WHEN t2.g1 - t2.g1 = 0 THEN (t2.g1 + 0)::text END, 'null') || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t0."id" AS g0, t0."score" AS g1
  FROM 
(SELECT t0."id", t0."score"
  FROM "note" AS t0
  ORDER BY t0."id" DESC
  LIMIT $1::int4) AS t0 GROUP BY t0."id", t0."score"
  ORDER BY t0."id" NULLS FIRST, t0."score" DESC NULLS FIRST
  LIMIT 1000) AS t2) || '}' || '}')::varchar
