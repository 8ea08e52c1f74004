SELECT '{"0":' || t0."id"::text || ',"1":' || t0."version"::text || '}', ((1 = 1)) IS TRUE
  FROM "product" AS t0
  WHERE (t0."id" = $1::int4)
  ORDER BY t0."id"
  LIMIT 100001 FOR UPDATE OF t0
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t0."name")::text || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."name", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
DELETE
  FROM "product" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  RETURNING '{"0":' || "id"::text || '}'
