SELECT ('{"note_by_pk":' || coalesce(
(SELECT '{"__typename":"note","title":' || to_json(t0."title")::text || ',"team_id":' || coalesce((CASE WHEN t0."hedgerow_0" THEN t0."team_id" END)::text, 'null') || '}'
  FROM 
(SELECT t0."title", t0."team_id", EXISTS 
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
  LIMIT 1), 'null') || ',"membership_by_pk":' || coalesce(
(SELECT '{"role":' || to_json(t5."role")::text || '}'
  FROM "membership" AS t5
  WHERE EXISTS 
(SELECT 1
  FROM "team" AS t6
  WHERE t6."id" = t5."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t7
  WHERE t7."team_id" = t6."id" AND (t7."person_id" = $1::int8))) AND (t5."team_id" = $3::int4) AND (t5."person_id" = $3::int4)
  LIMIT 1), 'null') || '}')::varchar
