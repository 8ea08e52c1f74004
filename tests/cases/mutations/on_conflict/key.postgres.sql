SELECT hedgerow_rows.hedgerow_n, '{"0":' || t0."purchase_id"::text || ',"1":' || t0."product_id"::text || '}'
  FROM unnest($1::int4[], $2::int4[]) WITH ORDINALITY AS hedgerow_rows(hedgerow_0, hedgerow_1, hedgerow_n) JOIN "line" AS t0 ON t0."purchase_id" = hedgerow_rows.hedgerow_0 AND t0."product_id" = hedgerow_rows.hedgerow_1
SELECT '{"0":' || t0."purchase_id"::text || ',"1":' || t0."product_id"::text || '}'
  FROM "line" AS t0
  WHERE ((t0."purchase_id", t0."product_id") IN 
(SELECT *
  FROM unnest($1::int4[], $2::int4[])))
  ORDER BY t0."purchase_id", t0."product_id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
UPDATE "line" AS t0
  SET "count" = hedgerow_rows.hedgerow_2
  FROM unnest($1::int4[], $2::int4[], $3::int4[]) WITH ORDINALITY AS hedgerow_rows(hedgerow_0, hedgerow_1, hedgerow_2, hedgerow_n)
  WHERE t0."purchase_id" = hedgerow_rows.hedgerow_0 AND t0."product_id" = hedgerow_rows.hedgerow_1
SELECT '{"0":' || t0."purchase_id"::text || ',"1":' || t0."product_id"::text || '}', ((1 = 1)) IS TRUE, ((1 = 1)) IS TRUE
  FROM "line" AS t0
  WHERE ((t0."purchase_id", t0."product_id") IN 
(SELECT *
  FROM unnest($1::int4[], $2::int4[])))
  ORDER BY t0."purchase_id", t0."product_id"
  LIMIT 2147483649
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"count":' || t0."count"::text || ',"purchase":' || coalesce(
(SELECT '{"id":' || t1."id"::text || '}'
  FROM "purchase" AS t1
  WHERE t1."id" = t0."purchase_id"
  LIMIT 1), 'null') || ',"key:purchase_id":' || t0."purchase_id"::text || ',"key:product_id":' || t0."product_id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."count", t0."purchase_id", t0."product_id"
  FROM "line" AS t0
  WHERE ((t0."purchase_id", t0."product_id") IN 
(SELECT *
  FROM unnest($1::int4[], $2::int4[])))
  LIMIT 5000) AS t0) || '}')::varchar
