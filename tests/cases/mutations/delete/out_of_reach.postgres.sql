SELECT '{"0":' || t0."purchase_id"::text || ',"1":' || t0."product_id"::text || '}'
  FROM "line" AS t0
  WHERE ((
(SELECT t2."customer_id"
  FROM "purchase" AS t2
  WHERE t2."id" = t0."purchase_id"
  LIMIT 1) = $1::int8) AND (t0."purchase_id" = $2::int4) AND (t0."product_id" = $2::int4) AND (
(SELECT t3."state"
  FROM "purchase" AS t3
  WHERE t3."id" = t0."purchase_id"
  LIMIT 1) = $3::text::"state"))
  ORDER BY t0."purchase_id", t0."product_id"
  LIMIT 100001 FOR UPDATE OF t0
SELECT '{"0":' || t0."purchase_id"::text || ',"1":' || t0."product_id"::text || '}'
  FROM "line" AS t0
  WHERE ((
(SELECT t2."customer_id"
  FROM "purchase" AS t2
  WHERE t2."id" = t0."purchase_id"
  LIMIT 1) = $1::int8) AND (t0."purchase_id" = $2::int4) AND (t0."product_id" = $3::int4) AND (
(SELECT t3."state"
  FROM "purchase" AS t3
  WHERE t3."id" = t0."purchase_id"
  LIMIT 1) = $4::text::"state"))
  ORDER BY t0."purchase_id", t0."product_id"
  LIMIT 100001 FOR UPDATE OF t0
