SELECT '{"0":' || t0."id"::text || '}'
  FROM "category" AS t0
  WHERE (t0."id" = $1::int4)
  ORDER BY t0."id"
  LIMIT 100001 FOR UPDATE OF t0
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "category" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
DELETE
  FROM "category" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  RETURNING '{"0":' || "id"::text || '}'
-- Again, to tell what is wrong.
SELECT '{"0":' || t0."id"::text || '}'
  FROM "category" AS t0
  WHERE (t0."id" = $1::int4)
  ORDER BY t0."id"
  LIMIT 100001 FOR UPDATE OF t0
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "category" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
DELETE
  FROM "category" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  RETURNING '{"0":' || "id"::text || '}'
