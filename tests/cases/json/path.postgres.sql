SELECT ('{"things":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"whole":' || coalesce(t0."a_json"::text, 'null') || ',"a":' || coalesce(jsonb_path_query_first(substring(t0."a_json"::text, $1::text)::jsonb, $2::jsonpath, '{}', true)::text, 'null') || ',"first":' || coalesce(jsonb_path_query_first(substring(t0."a_json"::text, $1::text)::jsonb, $3::jsonpath, '{}', true)::text, 'null') || ',"root":' || coalesce(jsonb_path_query_first(substring(t0."a_json"::text, $1::text)::jsonb, $4::jsonpath, '{}', true)::text, 'null') || ',"key":' || coalesce(jsonb_path_query_first(substring(t0."a_json"::text, $1::text)::jsonb, $5::jsonpath, '{}', true)::text, 'null') || ',"quoted":' || coalesce(jsonb_path_query_first(substring(t0."a_json"::text, $1::text)::jsonb, $6::jsonpath, '{}', true)::text, 'null') || ',"none":' || coalesce(jsonb_path_query_first(substring(t0."a_json"::text, $1::text)::jsonb, $7::jsonpath, '{}', true)::text, 'null') || ',"deeper":' || coalesce(jsonb_path_query_first(substring(t0."a_json"::text, $1::text)::jsonb, $8::jsonpath, '{}', true)::text, 'null') || ',"nothing":' || coalesce(jsonb_path_query_first(substring(t0."a_json"::text, $1::text)::jsonb, $9::jsonpath, '{}', true)::text, 'null') || '}', ','), '') || ']'
  FROM 
(SELECT t0."id", t0."a_json"
  FROM "thing" AS t0
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || '}')::varchar
