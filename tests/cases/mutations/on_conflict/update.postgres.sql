SELECT hedgerow_rows.hedgerow_n, '{"0":' || t0."id"::text || '}'
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS hedgerow_rows(hedgerow_0, hedgerow_1, hedgerow_n) JOIN "product" AS t0 ON t0."name" = hedgerow_rows.hedgerow_0 AND t0."size" = hedgerow_rows.hedgerow_1
SELECT '{"0":' || t0."id"::text || '}'
  FROM "product" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
UPDATE "product" AS t0
  SET "price" = hedgerow_rows.hedgerow_1, "stock" = hedgerow_rows.hedgerow_2, "changed_on" = hedgerow_rows.hedgerow_3, "version" = t0."version" + 1
  FROM unnest($1::int4[], $2::numeric[], $3::int4[], $4::text[]::date[]) WITH ORDINALITY AS hedgerow_rows(hedgerow_0, hedgerow_1, hedgerow_2, hedgerow_3, hedgerow_n)
  WHERE t0."id" = hedgerow_rows.hedgerow_0
SELECT '{"0":' || t0."id"::text || '}', ((1 = 1)) IS TRUE, ((1 = 1)) IS TRUE
  FROM "product" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  ORDER BY t0."id"
  LIMIT 2147483649
INSERT INTO "product" ("name", "size", "price", "stock", "details", "hidden", "made_on", "version") VALUES ($1::text, $2::text, $3::numeric, $4::int4, $5::jsonb, $6::bool, $7::text::date, $8::int4) ON CONFLICT ("name", "size") DO NOTHING
  RETURNING '{"0":' || "id"::text || ',"1":' || to_json("name")::text || ',"2":' || to_json("size")::text || '}'
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"name":' || to_json(t0."name")::text || ',"size":' || to_json(t0."size")::text || ',"price":' || '"' || t0."price" || '"' || ',"stock":' || t0."stock"::text || ',"version":' || t0."version"::text || ',"changedOn":' || coalesce(to_json(t0."changed_on")::text, 'null') || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id", t0."name", t0."size", t0."price", t0."stock", t0."version", t0."changed_on"
  FROM "product" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
