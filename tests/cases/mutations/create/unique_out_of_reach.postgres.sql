INSERT INTO "line" ("purchase_id", "product_id", "count") VALUES ($1::int4, $2::int4, $3::int4)
  RETURNING '{"0":' || "purchase_id"::text || ',"1":' || "product_id"::text || '}'
-- Again, to tell what the broken constraint means.
INSERT INTO "line" ("purchase_id", "product_id", "count") VALUES ($1::int4, $2::int4, $3::int4)
  RETURNING '{"0":' || "purchase_id"::text || ',"1":' || "product_id"::text || '}'
SELECT count(*)
  FROM 
(SELECT hedgerow_rows.hedgerow_0 AS "purchase_id", hedgerow_rows.hedgerow_1 AS "product_id", hedgerow_rows.hedgerow_2 AS "count"
  FROM unnest($1::int4[], $2::int4[], $3::int4[]) WITH ORDINALITY AS hedgerow_rows(hedgerow_0, hedgerow_1, hedgerow_2, hedgerow_n)) AS t0
  WHERE ((
(SELECT t2."customer_id"
  FROM "purchase" AS t2
  WHERE t2."id" = t0."purchase_id"
  LIMIT 1) = $4::int8) AND (
(SELECT t3."state"
  FROM "purchase" AS t3
  WHERE t3."id" = t0."purchase_id"
  LIMIT 1) = $5::text::"state"))
