INSERT INTO "line" ("purchase_id", "product_id", "count") VALUES ($1::int4, $2::int4, $3::int4)
  RETURNING '{"0":' || "purchase_id"::text || ',"1":' || "product_id"::text || '}'
-- Again, to tell what is wrong.
INSERT INTO "line" ("purchase_id", "product_id", "count") VALUES ($1::int4, $2::int4, $3::int4)
  RETURNING '{"0":' || "purchase_id"::text || ',"1":' || "product_id"::text || '}'
WITH "hedgerow_supposed_0_rows"("purchase_id", "product_id", "count") AS MATERIALIZED 
(SELECT hedgerow_0, hedgerow_1, hedgerow_2
  FROM unnest($7::int4[], $8::int4[], $9::int4[]) WITH ORDINALITY AS hedgerow_rows(hedgerow_0, hedgerow_1, hedgerow_2, hedgerow_n)), "hedgerow_supposed_0" AS NOT MATERIALIZED 
(SELECT t0."purchase_id", t0."product_id", t0."count"
  FROM "line" AS t0
  WHERE (NOT (((t0."purchase_id", t0."product_id") IN 
(SELECT *
  FROM unnest($5::int4[], $6::int4[]))) IS TRUE)) UNION ALL SELECT *
  FROM "hedgerow_supposed_0_rows") SELECT count(*)
  FROM "hedgerow_supposed_0" AS t0
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
