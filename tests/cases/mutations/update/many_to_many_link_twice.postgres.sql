SELECT '{"0":' || t0."id"::text || ',"1":' || t0."version"::text || '}'
  FROM "product" AS t0
  WHERE (t0."id" = $1::int4)
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
SELECT '{"0":' || t0."id"::text || '}'
  FROM "label" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  ORDER BY t0."id"
  LIMIT 2147483649
INSERT INTO "productlabel" ("product_id", "label_id") VALUES ($1::int4, $2::int4)
-- Again, to tell what is wrong.
SELECT '{"0":' || t0."id"::text || ',"1":' || t0."version"::text || '}'
  FROM "product" AS t0
  WHERE (t0."id" = $1::int4)
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
SELECT '{"0":' || t0."id"::text || '}'
  FROM "label" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  ORDER BY t0."id"
  LIMIT 2147483649
INSERT INTO "productlabel" ("product_id", "label_id") VALUES ($1::int4, $2::int4)
