SELECT ('{"like":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "thing" AS t0
  WHERE (translate(lower(t0."a_text" COLLATE "und-x-icu"), 'ς', 'σ') LIKE translate(lower($1::text COLLATE "und-x-icu"), 'ς', 'σ'))
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || ',"regex":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t1."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t1."id"
  FROM "thing" AS t1
  WHERE (translate(lower(t1."a_text" COLLATE "und-x-icu"), 'ς', 'σ') COLLATE "C" ~ $2::text)
  ORDER BY t1."id"
  LIMIT 1000) AS t1) || ',"not":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t2."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t2."id"
  FROM "thing" AS t2
  WHERE (NOT (translate(lower(t2."a_text" COLLATE "und-x-icu"), 'ς', 'σ') COLLATE "C" ~ $3::text))
  ORDER BY t2."id"
  LIMIT 1000) AS t2) || ',"variable":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t3."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t3."id"
  FROM "thing" AS t3
  WHERE (translate(lower(t3."a_text" COLLATE "und-x-icu"), 'ς', 'σ') COLLATE "C" ~ $4::text)
  ORDER BY t3."id"
  LIMIT 1000) AS t3) || '}')::varchar
  WHERE coalesce((translate(lower('' COLLATE "und-x-icu"), 'ς', 'σ') COLLATE "C" ~ $2::text)::int, 0) >= 0 AND coalesce((translate(lower('' COLLATE "und-x-icu"), 'ς', 'σ') COLLATE "C" ~ $3::text)::int, 0) >= 0 AND coalesce((translate(lower('' COLLATE "und-x-icu"), 'ς', 'σ') COLLATE "C" ~ $4::text)::int, 0) >= 0
