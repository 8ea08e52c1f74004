SELECT ('{"key":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "thing" AS t0
  WHERE (substring(t0."a_json"::text, $1::text)::jsonb @> nullif($2::jsonb::jsonb, 'null'::jsonb))
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || ',"element":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t1."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t1."id"
  FROM "thing" AS t1
  WHERE (substring(t1."a_json"::text, $1::text)::jsonb @> nullif($3::jsonb::jsonb, 'null'::jsonb))
  ORDER BY t1."id"
  LIMIT 1000) AS t1) || ',"any":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t2."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t2."id"
  FROM "thing" AS t2
  WHERE (substring(t2."a_json"::text, $1::text)::jsonb @> nullif($4::jsonb::jsonb, 'null'::jsonb))
  ORDER BY t2."id"
  LIMIT 1000) AS t2) || ',"none":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t3."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t3."id"
  FROM "thing" AS t3
  WHERE (substring(t3."a_json"::text, $1::text)::jsonb @> nullif($5::jsonb::jsonb, 'null'::jsonb))
  ORDER BY t3."id"
  LIMIT 1000) AS t3) || ',"not":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t4."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t4."id"
  FROM "thing" AS t4
  WHERE (NOT (nullif(substring(t4."a_json"::text, $1::text)::jsonb, 'null'::jsonb) @> nullif($2::jsonb::jsonb, 'null'::jsonb)))
  ORDER BY t4."id"
  LIMIT 1000) AS t4) || '}')::varchar
