SELECT ('{"things":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "thing" AS t0
  WHERE ($1::jsonb::jsonb @> nullif(substring(t0."a_json"::text, $2::text)::jsonb, 'null'::jsonb))
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || ',"few":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t1."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t1."id"
  FROM "thing" AS t1
  WHERE ($3::jsonb::jsonb @> nullif(substring(t1."a_json"::text, $2::text)::jsonb, 'null'::jsonb))
  ORDER BY t1."id"
  LIMIT 1000) AS t1) || '}')::varchar
