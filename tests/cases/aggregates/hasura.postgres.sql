SELECT ('{"note_aggregate":' || '{"aggregate":' || 
(SELECT '{"count":' || t1.g0::text || ',"stddev_pop":' || '{"id":' || coalesce(CASE WHEN t1.g1 - t1.g1 = 0 THEN (t1.g1 + 0)::text END, 'null') || '}' || ',"sum":' || '{"id":' || coalesce(CASE WHEN t1.g2 BETWEEN -9007199254740991 AND 9007199254740991 THEN t1.g2::text ELSE '"' || t1.g2 || '"' END, 'null') || '}' || '}'
  FROM 
(SELECT count(DISTINCT t0."score") AS g0, sqrt((CASE WHEN abs((count(t0."id"::numeric)::numeric * sum(t0."id"::numeric * t0."id"::numeric) - sum(t0."id"::numeric) * sum(t0."id"::numeric))) <= (count(t0."id"::numeric)::numeric * (count(t0."id"::numeric)::numeric)) * 2.6e-324 THEN CASE WHEN (count(t0."id"::numeric)::numeric * (count(t0."id"::numeric)::numeric)) > 0 THEN 0 END ELSE (CASE WHEN abs((count(t0."id"::numeric)::numeric * sum(t0."id"::numeric * t0."id"::numeric) - sum(t0."id"::numeric) * sum(t0."id"::numeric))) < 2.4703282292062328e-324 THEN 0 WHEN abs((count(t0."id"::numeric)::numeric * sum(t0."id"::numeric * t0."id"::numeric) - sum(t0."id"::numeric) * sum(t0."id"::numeric))) < 1.7976931348623158e308 THEN ((count(t0."id"::numeric)::numeric * sum(t0."id"::numeric * t0."id"::numeric) - sum(t0."id"::numeric) * sum(t0."id"::numeric)))::float8 END) / nullif((count(t0."id"::numeric)::numeric * (count(t0."id"::numeric)::numeric)), 0)::float8 END)) AS g1, sum(t0."id") AS g2
  FROM 
(SELECT t0.*
  FROM 
(SELECT t0."score", t0."id", t0."id" AS "hedgerow_1", row_number() OVER (PARTITION BY t0."id") AS "hedgerow_0"
  FROM "note" AS t0
  WHERE (t0."public" = $1::bool)) AS t0
  WHERE t0."hedgerow_0" = 1
  ORDER BY t0."hedgerow_1") AS t0) AS t1) || ',"nodes":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0.*
  FROM 
(SELECT t0."id", t0."id" AS "hedgerow_1", row_number() OVER (PARTITION BY t0."id") AS "hedgerow_0"
  FROM "note" AS t0
  WHERE (t0."public" = $1::bool)) AS t0
  WHERE t0."hedgerow_0" = 1
  ORDER BY t0."hedgerow_1"
  LIMIT 1000) AS t0) || ',"groups":' || 
(SELECT '[' || coalesce(string_agg('{"key":' || '{"created_at":' || '{"date":' || coalesce(to_json(t2.g0)::text, 'null') || '}' || '}' || ',"aggregate":' || '{"count":' || t2.g1::text || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t0."hedgerow_0" AS g0, count(*) AS g1
  FROM 
(SELECT t0.*
  FROM 
(SELECT (t0."created_at")::date AS "hedgerow_0", t0."id" AS "hedgerow_2", row_number() OVER (PARTITION BY t0."id") AS "hedgerow_1"
  FROM "note" AS t0
  WHERE (t0."public" = $1::bool)) AS t0
  WHERE t0."hedgerow_1" = 1
  ORDER BY t0."hedgerow_2") AS t0 GROUP BY t0."hedgerow_0"
  ORDER BY t0."hedgerow_0" NULLS LAST
  LIMIT $2::int4) AS t2) || '}' || ',"team":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t3."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t3."id"
  FROM "team" AS t3
  WHERE (
(SELECT count(DISTINCT t6."id")
  FROM "note" AS t6
  WHERE t6."team_id" = t3."id" AND (t6."public" = $1::bool)) > $2::int4)
  ORDER BY 
(SELECT count(*)
  FROM "note" AS t4
  WHERE t4."team_id" = t3."id") DESC NULLS FIRST, 
(SELECT max(t5."score")
  FROM "note" AS t5
  WHERE t5."team_id" = t3."id") NULLS LAST, t3."id"
  LIMIT 1000) AS t3) || ',"everyone":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t7."id"::text || ',"notes_aggregate":' || '{"aggregate":' || 
(SELECT '{"count":' || t9.g0::text || '}'
  FROM 
(SELECT count(*) AS g0
  FROM 
(SELECT 1
  FROM "note" AS t8
  WHERE t8."team_id" = t7."id") AS t8) AS t9) || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t7."id"
  FROM "team" AS t7
  WHERE EXISTS 
(SELECT 1
  FROM "note" AS t11
  WHERE t11."team_id" = t7."id" AND (t11."public" = $1::bool))
  ORDER BY 
(SELECT count(*)
  FROM "note" AS t10
  WHERE t10."team_id" = t7."id") DESC NULLS FIRST, t7."id" DESC
  LIMIT 1000) AS t7) || '}')::varchar
