SELECT ('{"notesAggregate":' || '{"groups":' || 
(SELECT '[' || coalesce(string_agg('{"__typename":"NoteGroup","key":' || '{"__typename":"NoteKey","authorId":' || coalesce(t1.g0::text, 'null') || ',"public":' || coalesce(t1.g1::text, 'null') || '}' || ',"aggregate":' || '{"count":' || t1.g2::text || ',"max":' || '{"score":' || coalesce(CASE WHEN t1.g3 - t1.g3 = 0 THEN (t1.g3 + 0)::text END, 'null') || '}' || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t0."author_id" AS g0, t0."public" AS g1, count(*) AS g2, max(t0."score") AS g3
  FROM 
(SELECT t0."author_id", t0."public", t0."score"
  FROM "note" AS t0) AS t0 GROUP BY t0."author_id", t0."public"
  ORDER BY t0."author_id" NULLS LAST, t0."public" NULLS LAST
  LIMIT 1000) AS t1) || '}' || '}')::varchar
