INSERT INTO "product" ("name", "size", "price", "stock", "details", "hidden", "made_on", "version", "category_id") VALUES ($1::text, $2::text, $3::numeric, $4::int4, $5::jsonb, $6::bool, $7::text::date, $8::int4, $9::int4)
  RETURNING '{"0":' || "id"::text || '}'
-- Again, to tell what the broken constraint means.
INSERT INTO "product" ("name", "size", "price", "stock", "details", "hidden", "made_on", "version", "category_id") VALUES ($1::text, $2::text, $3::numeric, $4::int4, $5::jsonb, $6::bool, $7::text::date, $8::int4, $9::int4)
  RETURNING '{"0":' || "id"::text || '}'
SELECT max(t0."id")
  FROM "product" AS t0
