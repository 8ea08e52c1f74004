SELECT ('{"note":' || coalesce(
(SELECT '{"id":' || t0."id"::text || ',"title":' || to_json(t0."title")::text || '}'
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t1
  WHERE t1."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t2
  WHERE t2."team_id" = t1."id" AND (t2."person_id" = $1::int8)))) AND (t0."id" = $2::int4)
  LIMIT 1), 'null') || '}')::varchar
