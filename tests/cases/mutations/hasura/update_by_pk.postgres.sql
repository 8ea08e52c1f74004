SELECT '{"0":' || t0."id"::text || ',"1":' || t0."version"::text || '}', ((1 = 1)) IS TRUE
  FROM "product" AS t0
  WHERE (t0."id" = $1::int4)
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
UPDATE "product" AS t0
  SET "price" = $1::numeric, "changed_on" = $2::text::date, "version" = t0."version" + $3::int4
  WHERE (t0."id" = ANY ($4::int4[]))
  RETURNING '{"0":' || "id"::text || ',"1":' || "version"::text || '}'
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"price":' || '"' || t0."price" || '"' || ',"version":' || t0."version"::text || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id", t0."price", t0."version"
  FROM "product" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
