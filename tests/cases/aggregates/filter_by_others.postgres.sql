SELECT ('{"teams":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "team" AS t0
  WHERE ((
(SELECT max(t1."score")
  FROM "note" AS t1
  WHERE t1."team_id" = t0."id" AND (t1."public" = $1::bool)) > $2::float8) OR (NOT (
(SELECT count(*)
  FROM "note" AS t2
  WHERE t2."team_id" = t0."id" AND (t2."public" = $1::bool)) > $3::int4))) AND (NOT (
(SELECT sum(t3."id")
  FROM "note" AS t3
  WHERE t3."team_id" = t0."id" AND (t3."public" = $1::bool)) IS NULL))
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || '}')::varchar
