SELECT '{"0":' || t0."purchase_id"::text || ',"1":' || t0."product_id"::text || '}'
  FROM "line" AS t0
  WHERE EXISTS 
(SELECT 1
  FROM "product" AS t2
  WHERE t2."id" = t0."product_id" AND (t2."name" = $1::text))
  ORDER BY t0."purchase_id", t0."product_id"
  LIMIT 100001 FOR UPDATE OF t0
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"purchaseId":' || t0."purchase_id"::text || ',"count":' || t0."count"::text || ',"product":' || coalesce(
(SELECT '{"name":' || to_json(t1."name")::text || '}'
  FROM "product" AS t1
  WHERE t1."id" = t0."product_id"
  LIMIT 1), 'null') || ',"key:purchase_id":' || t0."purchase_id"::text || ',"key:product_id":' || t0."product_id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."purchase_id", t0."count", t0."product_id"
  FROM "line" AS t0
  WHERE ((t0."purchase_id", t0."product_id") IN 
(SELECT *
  FROM unnest($1::int4[], $2::int4[])))
  LIMIT 5000) AS t0) || '}')::varchar
DELETE
  FROM "line" AS t0
  WHERE ((t0."purchase_id", t0."product_id") IN 
(SELECT *
  FROM unnest($1::int4[], $2::int4[])))
  RETURNING '{"0":' || "purchase_id"::text || ',"1":' || "product_id"::text || '}'
