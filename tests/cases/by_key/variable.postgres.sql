SELECT ('{"note":' || coalesce(
(SELECT '{"title":' || to_json(t0."title")::text || ',"body":' || coalesce(to_json((CASE WHEN t0."hedgerow_0" THEN t0."body" END))::text, 'null') || '}'
  FROM 
(SELECT t0."title", t0."body", EXISTS 
(SELECT 1
  FROM "team" AS t1
  WHERE t1."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t2
  WHERE t2."team_id" = t1."id" AND (t2."person_id" = $1::int8))) AS "hedgerow_0"
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t3
  WHERE t3."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t4
  WHERE t4."team_id" = t3."id" AND (t4."person_id" = $1::int8)))) AND (t0."id" = $2::int4)) AS t0
  LIMIT 1), 'null') || '}')::varchar
