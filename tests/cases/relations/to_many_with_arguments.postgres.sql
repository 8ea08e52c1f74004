SELECT ('{"teams":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t0."name")::text || ',"notes":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t1."id"::text || ',"title":' || to_json(t1."title")::text || '}', ','), '') || ']'
  FROM 
(SELECT t1."id", t1."title"
  FROM "note" AS t1
  WHERE t1."team_id" = t0."id" AND (t1."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t2
  WHERE t2."id" = t1."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t3
  WHERE t3."team_id" = t2."id" AND (t3."person_id" = $1::int8)))) AND EXISTS 
(SELECT 1
  FROM "team" AS t4
  WHERE t4."id" = t1."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t5
  WHERE t5."team_id" = t4."id" AND (t5."person_id" = $1::int8))) AND (t1."public" = $2::bool)
  ORDER BY t1."id" DESC
  LIMIT $3::int4 OFFSET $4::int4) AS t1) || '}', ','), '') || ']'
  FROM 
(SELECT t0."name", t0."id"
  FROM "team" AS t0
  WHERE EXISTS 
(SELECT 1
  FROM "membership" AS t6
  WHERE t6."team_id" = t0."id" AND (t6."person_id" = $1::int8))
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || '}')::varchar
