SELECT hedgerow_rows.hedgerow_n, '{"0":' || t0."id"::text || '}'
  FROM unnest($1::text[]) WITH ORDINALITY AS hedgerow_rows(hedgerow_0, hedgerow_n) JOIN "category" AS t0 ON t0."name" = hedgerow_rows.hedgerow_0
SELECT '{"0":' || t0."id"::text || '}'
  FROM "category" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
UPDATE "category" AS t0
  SET "name" = hedgerow_rows.hedgerow_1
  FROM unnest($1::int4[], $2::text[]) WITH ORDINALITY AS hedgerow_rows(hedgerow_0, hedgerow_1, hedgerow_n)
  WHERE t0."id" = hedgerow_rows.hedgerow_0
SELECT '{"0":' || t0."id"::text || '}', ((1 = 1)) IS TRUE, ((1 = 1)) IS TRUE
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
(SELECT '[' || coalesce(string_agg('{"__typename":"product","name":' || to_json(t0."name")::text || ',"category":' || coalesce(
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
(SELECT t0."name", t0."category_id", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
