SELECT ('{"people":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t0."name")::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."name"
  FROM "person" AS t0
  WHERE (t0."email" IS NULL)
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || ',"notes":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t1."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t1."id"
  FROM "note" AS t1
  WHERE (NOT (t1."score" IS NULL))
  ORDER BY t1."id"
  LIMIT 1000) AS t1) || '}')::varchar
