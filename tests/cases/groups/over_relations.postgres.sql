SELECT ('{"teams":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"notesAggregate":' || '{"groups":' || 
(SELECT '[' || coalesce(string_agg('{"key":' || '{"public":' || coalesce(t2.g0::text, 'null') || '}' || ',"aggregate":' || '{"count":' || t2.g1::text || ',"avg":' || '{"score":' || coalesce(CASE WHEN t2.g2 - t2.g2 = 0 THEN (t2.g2 + 0)::text END, 'null') || '}' || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t1."public" AS g0, count(*) AS g1, (CASE WHEN abs(sum((CASE WHEN t1."hedgerow_0" THEN t1."score" END)::text::numeric)) <= count((CASE WHEN t1."hedgerow_0" THEN t1."score" END)) * 2.6e-324 THEN CASE WHEN count((CASE WHEN t1."hedgerow_0" THEN t1."score" END)) > 0 THEN 0 END ELSE (CASE WHEN abs(sum((CASE WHEN t1."hedgerow_0" THEN t1."score" END)::text::numeric)) < 2.4703282292062328e-324 THEN 0 WHEN abs(sum((CASE WHEN t1."hedgerow_0" THEN t1."score" END)::text::numeric)) < 1.7976931348623158e308 THEN (sum((CASE WHEN t1."hedgerow_0" THEN t1."score" END)::text::numeric))::float8 END) / nullif(count((CASE WHEN t1."hedgerow_0" THEN t1."score" END)), 0)::float8 END) AS g2
  FROM 
(SELECT t1."public", t1."score", EXISTS 
(SELECT 1
  FROM "team" AS t3
  WHERE t3."id" = t1."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t4
  WHERE t4."team_id" = t3."id" AND (t4."person_id" = $2::int8))) AS "hedgerow_0"
  FROM "note" AS t1
  WHERE t1."team_id" = t0."id" AND (t1."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t5
  WHERE t5."id" = t1."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t6
  WHERE t6."team_id" = t5."id" AND (t6."person_id" = $2::int8)))) AND EXISTS 
(SELECT 1
  FROM "team" AS t7
  WHERE t7."id" = t1."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t8
  WHERE t8."team_id" = t7."id" AND (t8."person_id" = $2::int8)))) AS t1 GROUP BY t1."public" HAVING (count(*) > $1::int4)
  ORDER BY t1."public" NULLS LAST
  LIMIT 1000) AS t2) || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "team" AS t0
  WHERE EXISTS 
(SELECT 1
  FROM "membership" AS t9
  WHERE t9."team_id" = t0."id" AND (t9."person_id" = $2::int8))
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || '}')::varchar
