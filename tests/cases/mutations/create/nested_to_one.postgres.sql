INSERT INTO "category" ("name") VALUES ($1::text)
  RETURNING '{"0":' || "id"::text || '}'
INSERT INTO "category" ("name", "parent_id") VALUES ($1::text, $2::int4)
  RETURNING '{"0":' || "id"::text || '}'
INSERT INTO "product" ("name", "size", "price", "stock", "details", "hidden", "made_on", "version", "category_id") VALUES ($1::text, $2::text, $3::numeric, $4::int4, $5::jsonb, $6::bool, $7::text::date, $8::int4, $9::int4)
  RETURNING '{"0":' || "id"::text || '}'
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t0."name")::text || ',"category":' || coalesce(
(SELECT '{"name":' || to_json(t1."name")::text || ',"parent":' || coalesce(
(SELECT '{"name":' || to_json(t2."name")::text || '}'
  FROM "category" AS t2
  WHERE t2."id" = t1."parent_id"
  LIMIT 1), 'null') || '}'
  FROM "category" AS t1
  WHERE t1."id" = t0."category_id"
  LIMIT 1), 'null') || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."name", t0."category_id", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
