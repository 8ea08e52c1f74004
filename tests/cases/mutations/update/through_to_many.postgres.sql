SELECT '{"0":' || t0."id"::text || '}', ((1 = 0)) IS TRUE, ((1 = 1)) IS TRUE
  FROM "purchase" AS t0
  WHERE ((t0."customer_id" = $1::int8) AND (t0."id" = $2::int4) AND (t0."state" = $3::text::"state"))
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
UPDATE "purchase" AS t0
  SET "note" = $1::text
  WHERE (t0."id" = ANY ($2::int4[]))
  RETURNING '{"0":' || "id"::text || '}'
SELECT '{"0":' || t0."purchase_id"::text || ',"1":' || t0."product_id"::text || '}'
  FROM "line" AS t0
  WHERE ((t0."purchase_id" = ANY ($1::int4[])) AND (
(SELECT t2."customer_id"
  FROM "purchase" AS t2
  WHERE t2."id" = t0."purchase_id"
  LIMIT 1) = $2::int8) AND (t0."product_id" = $3::int4) AND (
(SELECT t3."state"
  FROM "purchase" AS t3
  WHERE t3."id" = t0."purchase_id"
  LIMIT 1) = $4::text::"state"))
  ORDER BY t0."purchase_id", t0."product_id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
UPDATE "line" AS t0
  SET "count" = t0."count" + $1::int4
  WHERE ((t0."purchase_id", t0."product_id") IN 
(SELECT *
  FROM unnest($2::int4[], $3::int4[])))
  RETURNING '{"0":' || "purchase_id"::text || ',"1":' || "product_id"::text || ',"2":' || "count"::text || '}'
SELECT '{"0":' || t0."purchase_id"::text || ',"1":' || t0."product_id"::text || '}'
  FROM "line" AS t0
  WHERE ((t0."purchase_id" = ANY ($1::int4[])) AND (
(SELECT t2."customer_id"
  FROM "purchase" AS t2
  WHERE t2."id" = t0."purchase_id"
  LIMIT 1) = $2::int8) AND (t0."product_id" = $3::int4) AND (
(SELECT t3."state"
  FROM "purchase" AS t3
  WHERE t3."id" = t0."purchase_id"
  LIMIT 1) = $4::text::"state"))
  ORDER BY t0."purchase_id", t0."product_id"
  LIMIT 100001 FOR UPDATE OF t0
DELETE
  FROM "line" AS t0
  WHERE ((t0."purchase_id", t0."product_id") IN 
(SELECT *
  FROM unnest($1::int4[], $2::int4[])))
  RETURNING '{"0":' || "purchase_id"::text || ',"1":' || "product_id"::text || '}'
INSERT INTO "line" ("purchase_id", "product_id", "count") VALUES ($1::int4, $2::int4, $3::int4)
  RETURNING '{"0":' || "purchase_id"::text || ',"1":' || "product_id"::text || '}'
SELECT count(*)
  FROM "purchase" AS t0
  WHERE ((t0."id" = ANY ($1::int4[])) AND (t0."customer_id" = $2::int8) AND (t0."state" IN ($3::text::"state", $4::text::"state")))
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
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"note":' || coalesce(to_json(t0."note")::text, 'null') || ',"lines":' || 
(SELECT '[' || coalesce(string_agg('{"productId":' || t1."product_id"::text || ',"count":' || t1."count"::text || '}', ','), '') || ']'
  FROM 
(SELECT t1."product_id", t1."count"
  FROM "line" AS t1
  WHERE t1."purchase_id" = t0."id" AND (
(SELECT t2."customer_id"
  FROM "purchase" AS t2
  WHERE t2."id" = t1."purchase_id"
  LIMIT 1) = $1::int8)
  ORDER BY t1."product_id", t1."purchase_id"
  LIMIT 1000) AS t1) || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."note", t0."id"
  FROM "purchase" AS t0
  WHERE (t0."customer_id" = $1::int8) AND (t0."id" = ANY ($2::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
