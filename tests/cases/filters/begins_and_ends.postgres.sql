SELECT ('{"notes":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"title":' || to_json(t0."title")::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id", t0."title"
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t1
  WHERE t1."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t2
  WHERE t2."team_id" = t1."id" AND (t2."person_id" = $1::int8)))) AND (translate(lower(t0."title" COLLATE "und-x-icu"), 'ς', 'σ') COLLATE "C" ~ $2::text) AND (t0."title" COLLATE "C" ~ $3::text)
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || '}')::varchar
  WHERE coalesce((translate(lower('' COLLATE "und-x-icu"), 'ς', 'σ') COLLATE "C" ~ $2::text)::int, 0) >= 0 AND coalesce(('' COLLATE "C" ~ $3::text)::int, 0) >= 0
