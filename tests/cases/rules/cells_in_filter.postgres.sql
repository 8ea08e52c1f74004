SELECT ('{"people":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t0."name")::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."name"
  FROM "person" AS t0
  WHERE (t0."id" = $1::int8) AND (t0."email" LIKE $2::text)
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || ',"none":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t1."name")::text || '}', ','), '') || ']'
  FROM 
(SELECT t1."name"
  FROM "person" AS t1
  WHERE ((CASE WHEN (t1."id" = $1::int8) THEN t1."email" END) IS NULL)
  ORDER BY t1."id"
  LIMIT 1000) AS t1) || '}')::varchar
