SELECT ('{"notesAggregate":' || '{"groups":' || 
(SELECT '[' || coalesce(string_agg('{"key":' || '{"authorId":' || coalesce(t1.g0::text, 'null') || '}' || ',"aggregate":' || '{"count":' || t1.g1::text || ',"sum":' || '{"score":' || coalesce(CASE WHEN t1.g2 - t1.g2 = 0 THEN (t1.g2 + 0)::text END, 'null') || '}' || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t0."author_id" AS g0, count(*) AS g1, (CASE WHEN abs(sum(t0."score"::text::numeric)) < 2.4703282292062328e-324 THEN 0 WHEN abs(sum(t0."score"::text::numeric)) < 1.7976931348623158e308 THEN (sum(t0."score"::text::numeric))::float8 END) AS g2
  FROM 
(SELECT t0."author_id", t0."score", t0."public", t0."title"
  FROM "note" AS t0
  WHERE (t0."id" < $5::int4)) AS t0 GROUP BY t0."author_id" HAVING (((count(*) FILTER (WHERE (t0."public" = $1::bool)) > $2::int4) OR ((CASE WHEN abs(sum(t0."score"::text::numeric)) < 2.4703282292062328e-324 THEN 0 WHEN abs(sum(t0."score"::text::numeric)) < 1.7976931348623158e308 THEN (sum(t0."score"::text::numeric))::float8 END) > $3::float8)) AND (min(t0."title" COLLATE "C") LIKE $4::text))
  ORDER BY t0."author_id" NULLS LAST
  LIMIT 1000) AS t1) || '}' || '}')::varchar
