SELECT ('{"teams":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t0."name")::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."name"
  FROM "team" AS t0
  WHERE EXISTS 
(SELECT 1
  FROM "note" AS t1
  WHERE t1."team_id" = t0."id" AND (t1."public" = $1::bool)) AND (NOT EXISTS 
(SELECT 1
  FROM "note" AS t2
  WHERE t2."team_id" = t0."id" AND (t2."title" LIKE $2::text)))
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || '}')::varchar
