SELECT '{"0":' || '"' || t0."id" || '"' || '}'
  FROM "review" AS t0
  WHERE (t0."author_id" = $1::int8)
  ORDER BY t0."id"
  LIMIT 100001 FOR UPDATE OF t0
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"text":' || to_json(t0."text")::text || ',"author":' || coalesce(
(SELECT '{"name":' || to_json(t1."name")::text || '}'
  FROM "customer" AS t1
  WHERE t1."id" = t0."author_id"
  LIMIT 1), 'null') || ',"key:id":' || '"' || t0."id" || '"' || '}', ','), '') || ']'
  FROM 
(SELECT t0."text", t0."author_id", t0."id"
  FROM "review" AS t0
  WHERE (t0."id" = ANY ($1::uuid[]))
  LIMIT 5000) AS t0) || '}')::varchar
DELETE
  FROM "review" AS t0
  WHERE (t0."id" = ANY ($1::uuid[]))
  RETURNING '{"0":' || '"' || "id" || '"' || '}'
