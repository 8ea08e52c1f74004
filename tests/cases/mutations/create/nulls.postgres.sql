INSERT INTO "product" ("name", "size", "price", "stock", "weight", "details", "hidden", "made_on", "changed_on", "version", "category_id") VALUES ($1::text, $2::text, $3::numeric, $4::int4, $5::float8, $6::jsonb, $7::bool, $8::text::date, $9::text::date, $10::int4, $11::int4)
  RETURNING '{"0":' || "id"::text || '}'
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"weight":' || coalesce(CASE WHEN t0."weight" - t0."weight" = 0 THEN (t0."weight" + 0)::text END, 'null') || ',"category":' || coalesce(
(SELECT '{"name":' || to_json(t1."name")::text || '}'
  FROM "category" AS t1
  WHERE t1."id" = t0."category_id"
  LIMIT 1), 'null') || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id", t0."weight", t0."category_id"
  FROM "product" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
