SELECT ('{"a":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "thing" AS t0
  WHERE (nullif(substring(t0."a_json"::text, $1::text)::jsonb, 'null'::jsonb) = ANY ($2::jsonb[]))
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || ',"b":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t1."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t1."id"
  FROM "thing" AS t1
  WHERE (nullif(substring(t1."a_json"::text, $1::text)::jsonb, 'null'::jsonb) = ANY ($3::jsonb[]))
  ORDER BY t1."id"
  LIMIT 1000) AS t1) || ',"c":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t2."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t2."id"
  FROM "thing" AS t2
  WHERE (NOT (nullif(substring(t2."a_json"::text, $1::text)::jsonb, 'null'::jsonb) IN (nullif($4::jsonb::jsonb, 'null'::jsonb))))
  ORDER BY t2."id"
  LIMIT 1000) AS t2) || ',"d":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t3."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t3."id"
  FROM "thing" AS t3
  WHERE (NOT (1 = 0))
  ORDER BY t3."id"
  LIMIT 1000) AS t3) || '}')::varchar
