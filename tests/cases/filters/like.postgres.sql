SELECT ('{"a":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  WHERE (t0."title" LIKE $1::text)
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || ',"b":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t1."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t1."id"
  FROM "note" AS t1
  WHERE (t1."title" LIKE $2::text)
  ORDER BY t1."id"
  LIMIT 1000) AS t1) || ',"c":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t2."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t2."id"
  FROM "note" AS t2
  WHERE (translate(lower(t2."title" COLLATE "und-x-icu"), 'ς', 'σ') LIKE translate(lower($2::text COLLATE "und-x-icu"), 'ς', 'σ'))
  ORDER BY t2."id"
  LIMIT 1000) AS t2) || ',"d":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t3."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t3."id"
  FROM "note" AS t3
  WHERE (translate(lower(t3."title" COLLATE "und-x-icu"), 'ς', 'σ') LIKE translate(lower($3::text COLLATE "und-x-icu"), 'ς', 'σ'))
  ORDER BY t3."id"
  LIMIT 1000) AS t3) || ',"e":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t4."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t4."id"
  FROM "note" AS t4
  WHERE (NOT (t4."title" LIKE $4::text))
  ORDER BY t4."id"
  LIMIT 1000) AS t4) || ',"f":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t5."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t5."id"
  FROM "note" AS t5
  WHERE (NOT (translate(lower(t5."title" COLLATE "und-x-icu"), 'ς', 'σ') LIKE translate(lower($5::text COLLATE "und-x-icu"), 'ς', 'σ')))
  ORDER BY t5."id"
  LIMIT 1000) AS t5) || '}')::varchar
