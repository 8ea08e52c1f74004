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
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"count":' || t0."count"::text || ',"product":' || coalesce(
(SELECT '{"name":' || to_json(t1."name")::text || '}'
  FROM "product" AS t1
  WHERE t1."id" = t0."product_id" AND (NOT t1."hidden")
  LIMIT 1), 'null') || ',"purchase":' || coalesce(
(SELECT '{"note":' || coalesce(to_json(t2."note")::text, 'null') || '}'
  FROM "purchase" AS t2
  WHERE t2."id" = t0."purchase_id" AND (t2."customer_id" = $1::int8)
  LIMIT 1), 'null') || ',"key:purchase_id":' || t0."purchase_id"::text || ',"key:product_id":' || t0."product_id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."count", t0."product_id", t0."purchase_id"
  FROM "line" AS t0
  WHERE (
(SELECT t3."customer_id"
  FROM "purchase" AS t3
  WHERE t3."id" = t0."purchase_id"
  LIMIT 1) = $1::int8) AND ((t0."purchase_id", t0."product_id") IN 
(SELECT *
  FROM unnest($2::int4[], $3::int4[])))
  LIMIT 5000) AS t0) || '}')::varchar
DELETE
  FROM "line" AS t0
  WHERE ((t0."purchase_id", t0."product_id") IN 
(SELECT *
  FROM unnest($1::int4[], $2::int4[])))
  RETURNING '{"0":' || "purchase_id"::text || ',"1":' || "product_id"::text || '}'
