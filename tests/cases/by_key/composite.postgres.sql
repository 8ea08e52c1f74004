SELECT ('{"membership":' || coalesce(
(SELECT '{"role":' || to_json(t0."role")::text || ',"person":' || coalesce(
(SELECT '{"name":' || to_json(t1."name")::text || '}'
  FROM "person" AS t1
  WHERE t1."id" = t0."person_id"
  LIMIT 1), 'null') || '}'
  FROM "membership" AS t0
  WHERE EXISTS 
(SELECT 1
  FROM "team" AS t2
  WHERE t2."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t3
  WHERE t3."team_id" = t2."id" AND (t3."person_id" = $1::int8))) AND (t0."team_id" = $2::int4) AND (t0."person_id" = $3::int4)
  LIMIT 1), 'null') || '}')::varchar
