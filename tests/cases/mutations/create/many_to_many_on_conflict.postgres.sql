INSERT INTO "product" ("name", "size", "price", "stock", "details", "hidden", "made_on", "version") VALUES ($1::text, $2::text, $3::numeric, $4::int4, $5::jsonb, $6::bool, $7::text::date, $8::int4)
  RETURNING '{"0":' || "id"::text || '}'
SELECT hedgerow_rows.hedgerow_n, '{"0":' || t0."id"::text || '}'
  FROM unnest($1::text[]) WITH ORDINALITY AS hedgerow_rows(hedgerow_0, hedgerow_n) JOIN "label" AS t0 ON t0."word" = hedgerow_rows.hedgerow_0
SELECT '{"0":' || t0."id"::text || '}', ((1 = 1)) IS TRUE, ((1 = 1)) IS TRUE
  FROM "label" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  ORDER BY t0."id"
  LIMIT 2147483649
INSERT INTO "label" ("word") VALUES ($1::text) ON CONFLICT ("word") DO NOTHING
  RETURNING '{"0":' || "id"::text || ',"1":' || to_json("word")::text || '}'
INSERT INTO "productlabel" ("product_id", "label_id") SELECT hedgerow_0, hedgerow_1
  FROM unnest($1::int4[], $2::int4[]) WITH ORDINALITY AS hedgerow_rows(hedgerow_0, hedgerow_1, hedgerow_n)
  WHERE true
  ORDER BY hedgerow_n
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t0."name")::text || ',"labels":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t1."id"::text || ',"word":' || to_json(t1."word")::text || '}', ','), '') || ']'
  FROM 
(SELECT t1."id", t1."word"
  FROM "label" AS t1 JOIN "productlabel" AS t2 ON t2."label_id" = t1."id"
  WHERE t2."product_id" = t0."id"
  ORDER BY t1."id"
  LIMIT 1000) AS t1) || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."name", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
