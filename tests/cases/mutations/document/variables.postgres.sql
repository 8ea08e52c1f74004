SELECT '{"0":' || t0."id"::text || '}'
  FROM "category" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  ORDER BY t0."id"
  LIMIT 2147483649
INSERT INTO "product" ("name", "size", "price", "stock", "details", "hidden", "made_on", "version", "category_id") VALUES ($1::text, $2::text, $3::numeric, $4::int4, $5::jsonb, $6::bool, $7::text::date, $8::int4, $9::int4)
  RETURNING '{"0":' || "id"::text || '}'
INSERT INTO "label" ("word") VALUES ($1::text)
  RETURNING '{"0":' || "id"::text || '}'
INSERT INTO "productlabel" ("product_id", "label_id") VALUES ($1::int4, $2::int4)
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t0."name")::text || ',"size":' || to_json(t0."size")::text || ',"price":' || '"' || t0."price" || '"' || ',"stock":' || t0."stock"::text || ',"category":' || coalesce(
(SELECT '{"id":' || t1."id"::text || ',"name":' || to_json(t1."name")::text || '}'
  FROM "category" AS t1
  WHERE t1."id" = t0."category_id"
  LIMIT 1), 'null') || ',"labels":' || 
(SELECT '[' || coalesce(string_agg('{"word":' || to_json(t2."word")::text || '}', ','), '') || ']'
  FROM 
(SELECT t2."word"
  FROM "label" AS t2 JOIN "productlabel" AS t3 ON t3."label_id" = t2."id"
  WHERE t3."product_id" = t0."id"
  ORDER BY t2."id"
  LIMIT 1000) AS t2) || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."name", t0."size", t0."price", t0."stock", t0."category_id", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
SELECT '{"0":' || t0."id"::text || ',"1":' || t0."version"::text || '}'
  FROM "product" AS t0
  WHERE (t0."id" = $1::int4)
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
UPDATE "product" AS t0
  SET "stock" = t0."stock" + $1::int4, "changed_on" = $2::text::date, "version" = t0."version" + $3::int4
  WHERE (t0."id" = ANY ($4::int4[]))
  RETURNING '{"0":' || "id"::text || ',"1":' || "stock"::text || ',"2":' || "version"::text || '}'
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"stock":' || t0."stock"::text || ',"details":' || coalesce(jsonb_path_query_first(substring(t0."details"::text, $1::text)::jsonb, $2::jsonpath, '{}', true)::text, 'null') || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."stock", t0."details", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" = ANY ($3::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
SELECT '{"0":' || t0."id"::text || ',"1":' || t0."version"::text || '}'
  FROM "product" AS t0
  WHERE (t0."name" LIKE $1::text)
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
UPDATE "product" AS t0
  SET "stock" = $1::int4, "changed_on" = $2::text::date, "version" = t0."version" + $3::int4
  WHERE (t0."id" = ANY ($4::int4[]))
  RETURNING '{"0":' || "id"::text || ',"1":' || "version"::text || '}'
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"stock":' || t0."stock"::text || ',"lines":' || 
(SELECT '[' || coalesce(string_agg('{"count":' || t1."count"::text || '}', ','), '') || ']'
  FROM 
(SELECT t1."count"
  FROM "line" AS t1
  WHERE t1."product_id" = t0."id"
  ORDER BY t1."purchase_id", t1."product_id"
  LIMIT $1::int4) AS t1) || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id", t0."stock"
  FROM "product" AS t0
  WHERE (t0."id" = ANY ($2::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
