SELECT ('{"things":' || 
(SELECT '[' || coalesce(string_agg('{"at":' || coalesce(jsonb_path_query_first(substring(t0."a_json"::text, $1::text)::jsonb, $2::jsonpath, '{}', true)::text, 'null') || ',"whole":' || coalesce(t0."a_json"::text, 'null') || ',"too":' || coalesce(t0."a_json"::text, 'null') || ',"other":' || coalesce(jsonb_path_query_first(substring(t0."a_json"::text, $1::text)::jsonb, $3::jsonpath, '{}', true)::text, 'null') || '}', ','), '') || ']'
  FROM 
(SELECT t0."a_json"
  FROM "thing" AS t0
  WHERE (t0."id" = $4::int4)
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || '}')::varchar
