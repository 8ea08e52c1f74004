SELECT '{"0":' || t0."id"::text || '}', ((t0."id" = $1::int8)) IS TRUE, ((1 = 1)) IS TRUE
  FROM "customer" AS t0
  WHERE ((t0."id" = $2::int4) AND (t0."id" = $1::int8))
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
SELECT '{"0":' || t0."product_id"::text || '}'
  FROM "wish" AS t0
  WHERE (t0."customer_id" = ANY ($1::int4[]))
  ORDER BY t0."customer_id", t0."product_id"
  LIMIT 2147483649
SELECT '{"0":' || t0."id"::text || '}'
  FROM "product" AS t0
  WHERE ((t0."id" = ANY ($1::int4[])) AND (NOT t0."hidden") AND (t0."id" = ANY ($2::int4[])))
  ORDER BY t0."id"
  LIMIT 100001
SELECT '{"0":' || t0."customer_id"::text || ',"1":' || t0."product_id"::text || '}'
  FROM "wish" AS t0
  WHERE (((t0."customer_id", t0."product_id") IN 
(SELECT *
  FROM unnest($1::int4[], $2::int4[]))) AND (t0."customer_id" = $3::int8))
  ORDER BY t0."customer_id", t0."product_id"
  LIMIT 100001 FOR UPDATE OF t0
DELETE
  FROM "wish" AS t0
  WHERE ((t0."customer_id", t0."product_id") IN 
(SELECT *
  FROM unnest($1::int4[], $2::int4[])))
  RETURNING '{"0":' || "customer_id"::text || ',"1":' || "product_id"::text || '}'
SELECT '{"0":' || t0."id"::text || '}'
  FROM "product" AS t0
  WHERE ((t0."id" = ANY ($1::int4[])) AND (NOT t0."hidden"))
  ORDER BY t0."id"
  LIMIT 2147483649
INSERT INTO "wish" ("customer_id", "product_id") VALUES ($1::int4, $2::int4)
  RETURNING '{"0":' || "customer_id"::text || ',"1":' || "product_id"::text || '}'
SELECT count(*)
  FROM "customer" AS t0
  WHERE ((t0."id" = ANY ($1::int4[])) AND (t0."id" = $2::int8))
SELECT count(*)
  FROM "wish" AS t0
  WHERE (((t0."customer_id", t0."product_id") IN 
(SELECT *
  FROM unnest($1::int4[], $2::int4[]))) AND (t0."customer_id" = $3::int8))
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"wishes":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t1."name")::text || '}', ','), '') || ']'
  FROM 
(SELECT t1."name"
  FROM "product" AS t1 JOIN "wish" AS t2 ON t2."product_id" = t1."id"
  WHERE t2."customer_id" = t0."id" AND ((t0."id" = $1::int8) OR (t2."customer_id" = $1::int8)) AND (NOT t1."hidden")
  ORDER BY t1."id"
  LIMIT 1000) AS t1) || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "customer" AS t0
  WHERE (t0."id" = ANY ($2::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
