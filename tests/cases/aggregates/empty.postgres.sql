SELECT ('{"notesAggregate":' || '{"__typename":"NoteAggregate","aggregate":' || 
(SELECT '{"__typename":"NoteAggregateFields","count":' || t1.g0::text || ',"sum":' || '{"id":' || coalesce(CASE WHEN t1.g1 BETWEEN -9007199254740991 AND 9007199254740991 THEN t1.g1::text ELSE '"' || t1.g1 || '"' END, 'null') || ',"__typename":"NoteSum"}' || ',"avg":' || '{"id":' || coalesce(CASE WHEN t1.g2 - t1.g2 = 0 THEN (t1.g2 + 0)::text END, 'null') || '}' || ',"variance":' || '{"score":' || coalesce(CASE WHEN t1.g3 - t1.g3 = 0 THEN (t1.g3 + 0)::text END, 'null') || '}' || ',"min":' || '{"id":' || coalesce(t1.g4::text, 'null') || '}' || '}'
  FROM 
(SELECT count(*) AS g0, sum(t0."id") AS g1, (CASE WHEN abs(sum(t0."id")) <= count(t0."id") * 2.6e-324 THEN CASE WHEN count(t0."id") > 0 THEN 0 END ELSE (CASE WHEN abs(sum(t0."id")) < 2.4703282292062328e-324 THEN 0 WHEN abs(sum(t0."id")) < 1.7976931348623158e308 THEN (sum(t0."id"))::float8 END) / nullif(count(t0."id"), 0)::float8 END) AS g2, (CASE WHEN abs((count(t0."score"::text::numeric)::numeric * sum(t0."score"::text::numeric * t0."score"::text::numeric) - sum(t0."score"::text::numeric) * sum(t0."score"::text::numeric))) <= (count(t0."score"::text::numeric)::numeric * (count(t0."score"::text::numeric)::numeric - 1)) * 2.6e-324 THEN CASE WHEN (count(t0."score"::text::numeric)::numeric * (count(t0."score"::text::numeric)::numeric - 1)) > 0 THEN 0 END ELSE (CASE WHEN abs((count(t0."score"::text::numeric)::numeric * sum(t0."score"::text::numeric * t0."score"::text::numeric) - sum(t0."score"::text::numeric) * sum(t0."score"::text::numeric))) < 2.4703282292062328e-324 THEN 0 WHEN abs((count(t0."score"::text::numeric)::numeric * sum(t0."score"::text::numeric * t0."score"::text::numeric) - sum(t0."score"::text::numeric) * sum(t0."score"::text::numeric))) < 1.7976931348623158e308 THEN ((count(t0."score"::text::numeric)::numeric * sum(t0."score"::text::numeric * t0."score"::text::numeric) - sum(t0."score"::text::numeric) * sum(t0."score"::text::numeric)))::float8 END) / nullif((count(t0."score"::text::numeric)::numeric * (count(t0."score"::text::numeric)::numeric - 1)), 0)::float8 END) AS g3, min(t0."id") AS g4
  FROM 
(SELECT t0."id", t0."score"
  FROM "note" AS t0
  WHERE (t0."id" < $1::int4)) AS t0) AS t1) || ',"nodes":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  WHERE (t0."id" < $1::int4)
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || ',"groups":' || 
(SELECT '[' || coalesce(string_agg('{"key":' || '{"id":' || coalesce(t2.g0::text, 'null') || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t0."id" AS g0
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  WHERE (t0."id" < $1::int4)) AS t0 GROUP BY t0."id"
  ORDER BY t0."id" NULLS LAST
  LIMIT 1000) AS t2) || '}' || '}')::varchar
