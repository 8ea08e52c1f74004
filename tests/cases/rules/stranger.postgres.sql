SELECT ('{"notes":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"title":' || to_json(t0."title")::text || ',"public":' || t0."public"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id", t0."title", t0."public"
  FROM "note" AS t0
  WHERE t0."public"
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || ',"note":' || coalesce(
(SELECT '{"title":' || to_json(t1."title")::text || '}'
  FROM "note" AS t1
  WHERE t1."public" AND (t1."id" = $1::int4)
  LIMIT 1), 'null') || ',"hidden":' || coalesce(
(SELECT '{"title":' || to_json(t2."title")::text || '}'
  FROM "note" AS t2
  WHERE t2."public" AND (t2."id" = $2::int4)
  LIMIT 1), 'null') || '}')::varchar
