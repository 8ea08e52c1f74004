SELECT '{"0":' || t0."id"::text || ',"1":' || t0."version"::text || ',"2":' || coalesce(t0."category_id"::text, 'null') || '}'
  FROM "product" AS t0
  WHERE (t0."id" = $1::int4)
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
SELECT '{"0":' || t0."id"::text || '}'
  FROM "category" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  ORDER BY t0."id"
  LIMIT 2147483649
UPDATE "product" AS t0
  SET "category_id" = $1::int4, "changed_on" = $2::text::date, "version" = t0."version" + $3::int4
  WHERE (t0."id" = ANY ($4::int4[]))
  RETURNING '{"0":' || "id"::text || ',"1":' || "version"::text || '}'
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"version":' || t0."version"::text || ',"stock":' || t0."stock"::text || ',"details":' || coalesce(t0."details"::text, 'null') || ',"category":' || coalesce(
(SELECT '{"name":' || to_json(t1."name")::text || '}'
  FROM "category" AS t1
  WHERE t1."id" = t0."category_id"
  LIMIT 1), 'null') || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id", t0."version", t0."stock", t0."details", t0."category_id"
  FROM "product" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
SELECT '{"0":' || t0."id"::text || ',"1":' || t0."version"::text || '}'
  FROM "product" AS t0
  WHERE EXISTS 
(SELECT 1
  FROM "label" AS t2 JOIN "productlabel" AS t3 ON t3."label_id" = t2."id"
  WHERE t3."product_id" = t0."id" AND (t2."word" = $1::text))
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
UPDATE "product" AS t0
  SET "stock" = t0."stock" + $1::int4, "details" = (nullif(t0."details"::jsonb, 'null'::jsonb) || nullif($2::jsonb::jsonb, 'null'::jsonb))::json, "changed_on" = $3::text::date, "version" = t0."version" + $4::int4
  WHERE (t0."id" = ANY ($5::int4[]))
  RETURNING '{"0":' || "id"::text || ',"1":' || "stock"::text || ',"2":' || "version"::text || ',"3":' || coalesce("details"::text, 'null') || '}'
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"version":' || t0."version"::text || ',"stock":' || t0."stock"::text || ',"details":' || coalesce(t0."details"::text, 'null') || ',"category":' || coalesce(
(SELECT '{"name":' || to_json(t1."name")::text || '}'
  FROM "category" AS t1
  WHERE t1."id" = t0."category_id"
  LIMIT 1), 'null') || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id", t0."version", t0."stock", t0."details", t0."category_id"
  FROM "product" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
