SELECT ('{"notesAggregate":' || '{"aggregate":' || 
(SELECT '{"count":' || t1.g0::text || ',"sum":' || '{"id":' || coalesce(CASE WHEN t1.g1 BETWEEN -9007199254740991 AND 9007199254740991 THEN t1.g1::text ELSE '"' || t1.g1 || '"' END, 'null') || ',"score":' || coalesce(CASE WHEN t1.g2 - t1.g2 = 0 THEN (t1.g2 + 0)::text END, 'null') || '}' || ',"avg":' || '{"id":' || coalesce(CASE WHEN t1.g3 - t1.g3 = 0 THEN (t1.g3 + 0)::text END, 'null') || ',"score":' || coalesce(CASE WHEN t1.g4 - t1.g4 = 0 THEN (t1.g4 + 0)::text END, 'null') || '}' || ',"min":' || '{"title":' || coalesce(to_json(t1.g5)::text, 'null') || ',"score":' || coalesce(CASE WHEN t1.g6 - t1.g6 = 0 THEN (t1.g6 + 0)::text END, 'null') || ',"createdAt":' || coalesce(to_json(t1.g7)::text, 'null') || '}' || ',"max":' || '{"title":' || coalesce(to_json(t1.g8)::text, 'null') || ',"score":' || coalesce(CASE WHEN t1.g9 - t1.g9 = 0 THEN (t1.g9 + 0)::text END, 'null') || ',"createdAt":' || coalesce(to_json(t1.g10)::text, 'null') || '}' || '}'
  FROM 
(SELECT count(*) AS g0, sum(t0."id") AS g1, (CASE WHEN abs(sum((CASE WHEN t0."hedgerow_0" THEN t0."score" END)::text::numeric)) < 2.4703282292062328e-324 THEN 0 WHEN abs(sum((CASE WHEN t0."hedgerow_0" THEN t0."score" END)::text::numeric)) < 1.7976931348623158e308 THEN (sum((CASE WHEN t0."hedgerow_0" THEN t0."score" END)::text::numeric))::float8 END) AS g2, (CASE WHEN abs(sum(t0."id")) <= count(t0."id") * 2.6e-324 THEN CASE WHEN count(t0."id") > 0 THEN 0 END ELSE (CASE WHEN abs(sum(t0."id")) < 2.4703282292062328e-324 THEN 0 WHEN abs(sum(t0."id")) < 1.7976931348623158e308 THEN (sum(t0."id"))::float8 END) / nullif(count(t0."id"), 0)::float8 END) AS g3, (CASE WHEN abs(sum((CASE WHEN t0."hedgerow_0" THEN t0."score" END)::text::numeric)) <= count((CASE WHEN t0."hedgerow_0" THEN t0."score" END)) * 2.6e-324 THEN CASE WHEN count((CASE WHEN t0."hedgerow_0" THEN t0."score" END)) > 0 THEN 0 END ELSE (CASE WHEN abs(sum((CASE WHEN t0."hedgerow_0" THEN t0."score" END)::text::numeric)) < 2.4703282292062328e-324 THEN 0 WHEN abs(sum((CASE WHEN t0."hedgerow_0" THEN t0."score" END)::text::numeric)) < 1.7976931348623158e308 THEN (sum((CASE WHEN t0."hedgerow_0" THEN t0."score" END)::text::numeric))::float8 END) / nullif(count((CASE WHEN t0."hedgerow_0" THEN t0."score" END)), 0)::float8 END) AS g4, min(t0."title" COLLATE "C") AS g5, min((CASE WHEN t0."hedgerow_0" THEN t0."score" END)) AS g6, min((CASE WHEN t0."hedgerow_0" THEN t0."created_at" END)) AS g7, max(t0."title" COLLATE "C") AS g8, max((CASE WHEN t0."hedgerow_0" THEN t0."score" END)) AS g9, max((CASE WHEN t0."hedgerow_0" THEN t0."created_at" END)) AS g10
  FROM 
(SELECT t0."id", t0."score", t0."title", t0."created_at", EXISTS 
(SELECT 1
  FROM "team" AS t2
  WHERE t2."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t3
  WHERE t3."team_id" = t2."id" AND (t3."person_id" = $1::int8))) AS "hedgerow_0"
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t4
  WHERE t4."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t5
  WHERE t5."team_id" = t4."id" AND (t5."person_id" = $1::int8))))) AS t0) AS t1) || '}' || '}')::varchar
