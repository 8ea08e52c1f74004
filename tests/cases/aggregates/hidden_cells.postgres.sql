SELECT ('{"peopleAggregate":' || '{"aggregate":' || 
(SELECT '{"count":' || t1.g0::text || ',"count_email":' || t1.g1::text || ',"min":' || '{"email":' || coalesce(to_json(t1.g2)::text, 'null') || '}' || ',"max":' || '{"email":' || coalesce(to_json(t1.g3)::text, 'null') || ',"born":' || coalesce(to_json(t1.g4)::text, 'null') || '}' || '}'
  FROM 
(SELECT count(*) AS g0, count((CASE WHEN t0."hedgerow_0" THEN t0."email" END)) AS g1, min((CASE WHEN t0."hedgerow_0" THEN t0."email" END) COLLATE "C") AS g2, max((CASE WHEN t0."hedgerow_0" THEN t0."email" END) COLLATE "C") AS g3, max((CASE WHEN t0."hedgerow_0" THEN t0."born" END)) AS g4
  FROM 
(SELECT t0."email", t0."born", (t0."id" = $1::int8) AS "hedgerow_0"
  FROM "person" AS t0) AS t0) AS t1) || ',"groups":' || 
(SELECT '[' || coalesce(string_agg('{"key":' || '{"email":' || coalesce(to_json(t2.g0)::text, 'null') || '}' || ',"aggregate":' || '{"count":' || t2.g1::text || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t0."hedgerow_0" AS g0, count(*) AS g1
  FROM 
(SELECT (CASE WHEN (t0."id" = $1::int8) THEN t0."email" END) AS "hedgerow_0"
  FROM "person" AS t0) AS t0 GROUP BY t0."hedgerow_0"
  ORDER BY t0."hedgerow_0" COLLATE "C" NULLS LAST
  LIMIT 1000) AS t2) || '}' || '}')::varchar
