SELECT ('{"note":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t1
  WHERE t1."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t2
  WHERE t2."team_id" = t1."id" AND (t2."person_id" = $1::int8)))) AND (t0."title" COLLATE "C" ~ $2::text) AND (NOT (t0."title" COLLATE "C" ~ $3::text))
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || ',"team":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t3."name")::text || '}', ','), '') || ']'
  FROM 
(SELECT t3."name"
  FROM "team" AS t3
  WHERE EXISTS 
(SELECT 1
  FROM "membership" AS t4
  WHERE t4."team_id" = t3."id" AND (t4."person_id" = $1::int8)) AND (t3."name" COLLATE "C" ~ $4::text)
  ORDER BY t3."id"
  LIMIT 1000) AS t3) || '}')::varchar
  WHERE coalesce(('' COLLATE "C" ~ $2::text)::int, 0) >= 0 AND coalesce(('' COLLATE "C" ~ $3::text)::int, 0) >= 0 AND coalesce(('' COLLATE "C" ~ $4::text)::int, 0) >= 0
