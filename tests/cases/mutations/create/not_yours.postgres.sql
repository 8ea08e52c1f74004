INSERT INTO "line" ("purchase_id", "product_id", "count") VALUES ($1::int4, $2::int4, $3::int4)
  RETURNING '{"0":' || "purchase_id"::text || ',"1":' || "product_id"::text || '}'
SELECT count(*)
  FROM "line" AS t0
  WHERE (((t0."purchase_id", t0."product_id") IN 
(SELECT *
  FROM unnest($1::int4[], $2::int4[]))) AND (
(SELECT t2."customer_id"
  FROM "purchase" AS t2
  WHERE t2."id" = t0."purchase_id"
  LIMIT 1) = $3::int8) AND (
(SELECT t3."state"
  FROM "purchase" AS t3
  WHERE t3."id" = t0."purchase_id"
  LIMIT 1) = $4::text::"state"))
