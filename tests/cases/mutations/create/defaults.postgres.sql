INSERT INTO "product" ("name", "size", "price", "stock", "details", "hidden", "made_on", "version") VALUES ($1::text, $2::text, $3::numeric, $4::int4, $5::jsonb, $6::bool, $7::text::date, $8::int4)
  RETURNING '{"0":' || "id"::text || '}'
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"name":' || to_json(t0."name")::text || ',"size":' || to_json(t0."size")::text || ',"price":' || '"' || t0."price" || '"' || ',"stock":' || t0."stock"::text || ',"weight":' || coalesce(CASE WHEN t0."weight" - t0."weight" = 0 THEN (t0."weight" + 0)::text END, 'null') || ',"details":' || coalesce(t0."details"::text, 'null') || ',"hidden":' || t0."hidden"::text || ',"madeOn":' || to_json(t0."made_on")::text || ',"changedOn":' || coalesce(to_json(t0."changed_on")::text, 'null') || ',"version":' || t0."version"::text || ',"category":' || coalesce(
(SELECT '{"name":' || to_json(t1."name")::text || '}'
  FROM "category" AS t1
  WHERE t1."id" = t0."category_id"
  LIMIT 1), 'null') || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id", t0."name", t0."size", t0."price", t0."stock", t0."weight", t0."details", t0."hidden", t0."made_on", t0."changed_on", t0."version", t0."category_id"
  FROM "product" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
