SELECT ('{"thing":' || 
(SELECT '[' || coalesce(string_agg('{"a_json":' || coalesce(jsonb_path_query_first(substring(t0."a_json"::text, $1::text)::jsonb, $2::jsonpath, '{}', true)::text, 'null') || '}', ','), '') || ']'
  FROM 
(SELECT t0."a_json"
  FROM "thing" AS t0
  WHERE (substring(t0."a_json"::text, $1::text)::jsonb ? $3::text)
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || '}')::varchar
