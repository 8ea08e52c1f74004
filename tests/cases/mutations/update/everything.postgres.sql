SELECT '{"0":' || t0."id"::text || ',"1":' || t0."version"::text || '}'
  FROM "product" AS t0
  WHERE (NOT t0."hidden")
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
UPDATE "product" AS t0
  SET "stock" = $1::int4, "changed_on" = $2::text::date, "version" = t0."version" + $3::int4
  WHERE (t0."id" = ANY ($4::int4[]))
  RETURNING '{"0":' || "id"::text || ',"1":' || "version"::text || '}'
SELECT count(*)
  FROM "product" AS t0
  WHERE ((t0."id" = ANY ($1::int4[])) AND (NOT t0."hidden"))
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"stock":' || t0."stock"::text || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id", t0."stock"
  FROM "product" AS t0
  WHERE (NOT t0."hidden") AND (t0."id" = ANY ($1::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
