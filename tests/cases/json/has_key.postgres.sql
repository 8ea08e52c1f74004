SELECT ('{"a":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "thing" AS t0
  WHERE (substring(t0."a_json"::text, $1::text)::jsonb ? $2::text)
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || ',"b":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t1."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t1."id"
  FROM "thing" AS t1
  WHERE (substring(t1."a_json"::text, $1::text)::jsonb ?| $3::text[])
  ORDER BY t1."id"
  LIMIT 1000) AS t1) || ',"c":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t2."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t2."id"
  FROM "thing" AS t2
  WHERE (substring(t2."a_json"::text, $1::text)::jsonb ?& $3::text[] AND substring(t2."a_json"::text, $1::text)::jsonb <> 'null'::jsonb)
  ORDER BY t2."id"
  LIMIT 1000) AS t2) || ',"d":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t3."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t3."id"
  FROM "thing" AS t3
  WHERE (substring(t3."a_json"::text, $1::text)::jsonb ?& $4::text[] AND substring(t3."a_json"::text, $1::text)::jsonb <> 'null'::jsonb)
  ORDER BY t3."id"
  LIMIT 1000) AS t3) || ',"e":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t4."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t4."id"
  FROM "thing" AS t4
  WHERE ((substring(t4."a_json"::text, $1::text)::jsonb ? $5::text) OR (substring(t4."a_json"::text, $1::text)::jsonb ? $6::text))
  ORDER BY t4."id"
  LIMIT 1000) AS t4) || ',"f":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t5."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t5."id"
  FROM "thing" AS t5
  WHERE (substring(t5."a_json"::text, $1::text)::jsonb ? $5::text) AND (substring(t5."a_json"::text, $1::text)::jsonb ? $6::text)
  ORDER BY t5."id"
  LIMIT 1000) AS t5) || ',"none":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t6."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t6."id"
  FROM "thing" AS t6
  WHERE (substring(t6."a_json"::text, $1::text)::jsonb ?| $7::text[])
  ORDER BY t6."id"
  LIMIT 1000) AS t6) || ',"all":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t7."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t7."id"
  FROM "thing" AS t7
  WHERE (substring(t7."a_json"::text, $1::text)::jsonb ?& $7::text[] AND substring(t7."a_json"::text, $1::text)::jsonb <> 'null'::jsonb)
  ORDER BY t7."id"
  LIMIT 1000) AS t7) || ',"one":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t8."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t8."id"
  FROM "thing" AS t8
  WHERE (substring(t8."a_json"::text, $1::text)::jsonb ?& $8::text[] AND substring(t8."a_json"::text, $1::text)::jsonb <> 'null'::jsonb)
  ORDER BY t8."id"
  LIMIT 1000) AS t8) || ',"not":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t9."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t9."id"
  FROM "thing" AS t9
  WHERE (NOT (nullif(substring(t9."a_json"::text, $1::text)::jsonb, 'null'::jsonb) ? $5::text))
  ORDER BY t9."id"
  LIMIT 1000) AS t9) || '}')::varchar
