SELECT ('{"people":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t0."name")::text || ',"email":' || coalesce(to_json((CASE WHEN t0."hedgerow_0" THEN t0."email" END))::text, 'null') || '}', ','), '') || ']'
  FROM 
(SELECT t0."name", t0."email", (t0."id" = $1::int8) AS "hedgerow_0"
  FROM "person" AS t0
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || ',"notes":' || 
(SELECT '[' || coalesce(string_agg('{"title":' || to_json(t1."title")::text || ',"body":' || coalesce(to_json((CASE WHEN t1."hedgerow_0" THEN t1."body" END))::text, 'null') || '}', ','), '') || ']'
  FROM 
(SELECT t1."title", t1."body", EXISTS 
(SELECT 1
  FROM "team" AS t2
  WHERE t2."id" = t1."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t3
  WHERE t3."team_id" = t2."id" AND (t3."person_id" = $1::int8))) AS "hedgerow_0"
  FROM "note" AS t1
  WHERE (t1."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t4
  WHERE t4."id" = t1."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t5
  WHERE t5."team_id" = t4."id" AND (t5."person_id" = $1::int8)))) AND (t1."public" = $2::bool)
  ORDER BY t1."id"
  LIMIT 1000) AS t1) || '}')::varchar
