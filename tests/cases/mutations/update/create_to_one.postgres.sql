SELECT '{"0":' || t0."id"::text || ',"1":' || t0."version"::text || ',"2":' || coalesce(t0."category_id"::text, 'null') || '}'
  FROM "product" AS t0
  WHERE (t0."name" = $1::text)
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
INSERT INTO "category" ("name") VALUES ($1::text)
  RETURNING '{"0":' || "id"::text || '}'
UPDATE "product" AS t0
  SET "stock" = $1::int4, "category_id" = $2::int4, "changed_on" = $3::text::date, "version" = t0."version" + $4::int4
  WHERE (t0."id" = ANY ($5::int4[]))
  RETURNING '{"0":' || "id"::text || ',"1":' || "version"::text || '}'
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"stock":' || t0."stock"::text || ',"category":' || coalesce(
(SELECT '{"id":' || t1."id"::text || ',"name":' || to_json(t1."name")::text || '}'
  FROM "category" AS t1
  WHERE t1."id" = t0."category_id"
  LIMIT 1), 'null') || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id", t0."stock", t0."category_id"
  FROM "product" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
