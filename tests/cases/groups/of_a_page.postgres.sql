SELECT ('{"notesAggregate":' || '{"groups":' || 
(SELECT '[' || coalesce(string_agg('{"key":' || '{"public":' || coalesce(t1.g0::text, 'null') || '}' || ',"aggregate":' || '{"count":' || t1.g1::text || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t0."public" AS g0, count(*) AS g1
  FROM 
(SELECT t0."public"
  FROM "note" AS t0
  ORDER BY t0."score" DESC NULLS LAST, t0."id"
  LIMIT $1::int4) AS t0 GROUP BY t0."public"
  ORDER BY t0."public" NULLS LAST
  LIMIT 1000) AS t1) || '}' || '}')::varchar
