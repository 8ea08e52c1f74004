INSERT INTO "review" ("id", "stars", "text", "product_id", "author_id") VALUES ($1::uuid, $2::int4, $3::text, $4::int4, $5::int4)
  RETURNING '{"0":' || '"' || "id" || '"' || '}'
SELECT count(*)
  FROM "review" AS t0
  WHERE ((t0."id" = ANY ($1::uuid[])) AND (NOT 
(SELECT t2."hidden"
  FROM "product" AS t2
  WHERE t2."id" = t0."product_id"
  LIMIT 1)))
