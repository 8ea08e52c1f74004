SELECT hedgerow_rows.hedgerow_n, '{"0":' || t0."purchase_id"::text || ',"1":' || t0."product_id"::text || '}'
  FROM unnest($1::int4[], $2::int4[]) WITH ORDINALITY AS hedgerow_rows(hedgerow_0, hedgerow_1, hedgerow_n) JOIN "line" AS t0 ON t0."purchase_id" = hedgerow_rows.hedgerow_0 AND t0."product_id" = hedgerow_rows.hedgerow_1
SELECT '{"0":' || t0."purchase_id"::text || ',"1":' || t0."product_id"::text || '}'
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
  ORDER BY t0."purchase_id", t0."product_id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
SELECT '{"0":' || t0."purchase_id"::text || ',"1":' || t0."product_id"::text || '}', ((
(SELECT t2."customer_id"
  FROM "purchase" AS t2
  WHERE t2."id" = t0."purchase_id"
  LIMIT 1) = $1::int8)) IS TRUE
  FROM "line" AS t0
  WHERE ((t0."purchase_id", t0."product_id") IN 
(SELECT *
  FROM unnest($2::int4[], $3::int4[])))
  ORDER BY t0."purchase_id", t0."product_id"
  LIMIT 2147483649
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
