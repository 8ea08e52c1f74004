SELECT ('{"notesAggregate":' || '{"groups":' || 
(SELECT '[' || coalesce(string_agg('{"key":' || '{"authorId":' || coalesce(t1.g0::text, 'null') || '}' || ',"aggregate":' || '{"count":' || t1.g1::text || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t0."author_id" AS g0, count(*) AS g1
  FROM 
(SELECT t0."author_id"
  FROM "note" AS t0) AS t0 GROUP BY t0."author_id"
  ORDER BY count(*) DESC NULLS FIRST, t0."author_id" DESC NULLS FIRST
  LIMIT $1::int4 OFFSET $2::int4) AS t1) || '}' || '}')::varchar
