SELECT ('{"a":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  WHERE (t0."title" COLLATE "C" ~ $1::text)
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || ',"b":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t1."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t1."id"
  FROM "note" AS t1
  WHERE (translate(lower(t1."title" COLLATE "und-x-icu"), 'ς', 'σ') COLLATE "C" ~ $2::text)
  ORDER BY t1."id"
  LIMIT 1000) AS t1) || ',"c":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t2."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t2."id"
  FROM "note" AS t2
  WHERE (NOT (t2."title" COLLATE "C" ~ $3::text))
  ORDER BY t2."id"
  LIMIT 1000) AS t2) || ',"d":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t3."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t3."id"
  FROM "note" AS t3
  WHERE (t3."body" COLLATE "C" ~ $4::text)
  ORDER BY t3."id"
  LIMIT 1000) AS t3) || ',"e":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t4."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t4."id"
  FROM "note" AS t4
  WHERE (NOT (translate(lower(t4."title" COLLATE "und-x-icu"), 'ς', 'σ') COLLATE "C" ~ $5::text))
  ORDER BY t4."id"
  LIMIT 1000) AS t4) || '}')::varchar
  WHERE coalesce(('' COLLATE "C" ~ $1::text)::int, 0) >= 0 AND coalesce((translate(lower('' COLLATE "und-x-icu"), 'ς', 'σ') COLLATE "C" ~ $2::text)::int, 0) >= 0 AND coalesce(('' COLLATE "C" ~ $3::text)::int, 0) >= 0 AND coalesce(('' COLLATE "C" ~ $4::text)::int, 0) >= 0 AND coalesce((translate(lower('' COLLATE "und-x-icu"), 'ς', 'σ') COLLATE "C" ~ $5::text)::int, 0) >= 0
