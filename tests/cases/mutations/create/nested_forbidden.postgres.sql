INSERT INTO "purchase" ("state", "customer_id") VALUES ($1::text::"state", $2::int4)
  RETURNING '{"0":' || "id"::text || '}'
INSERT INTO "line" ("purchase_id", "product_id", "count") VALUES ($1::int4, $2::int4, $3::int4)
  RETURNING '{"0":' || "purchase_id"::text || ',"1":' || "product_id"::text || '}'
SELECT count(*)
  FROM "purchase" AS t0
  WHERE ((t0."id" = ANY ($1::int4[])) AND (t0."state" = $2::text::"state"))
