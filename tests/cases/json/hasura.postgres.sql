SELECT ('{"thing":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "thing" AS t0
  WHERE (substring(t0."a_json"::text, $1::text)::jsonb @> nullif($2::jsonb::jsonb, 'null'::jsonb)) AND (substring(t0."a_json"::text, $1::text)::jsonb ?& $3::text[] AND substring(t0."a_json"::text, $1::text)::jsonb <> 'null'::jsonb) AND (substring(t0."a_json"::text, $1::text)::jsonb ?| $4::text[]) AND ($5::jsonb::jsonb @> nullif(substring(t0."a_json"::text, $1::text)::jsonb, 'null'::jsonb))
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || '}')::varchar
