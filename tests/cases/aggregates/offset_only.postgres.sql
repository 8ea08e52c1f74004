SELECT ('{"notesAggregate":' || '{"aggregate":' || 
(SELECT '{"count":' || t1.g0::text || '}'
  FROM 
(SELECT count(*) AS g0
  FROM 
(SELECT 1
  FROM "note" AS t0
  ORDER BY t0."id"
  LIMIT ALL OFFSET $1::int4) AS t0) AS t1) || ',"nodes":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  ORDER BY t0."id"
  LIMIT 1000 OFFSET $1::int4) AS t0) || '}' || '}')::varchar
