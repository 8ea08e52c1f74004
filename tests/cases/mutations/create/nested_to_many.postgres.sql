INSERT INTO "purchase" ("state", "note", "customer_id") VALUES ($1::text::"state", $2::text, $3::int4)
  RETURNING '{"0":' || "id"::text || '}'
INSERT INTO "line" ("purchase_id", "product_id", "count") SELECT hedgerow_0, hedgerow_1, hedgerow_2
  FROM unnest($1::int4[], $2::int4[], $3::int4[]) WITH ORDINALITY AS hedgerow_rows(hedgerow_0, hedgerow_1, hedgerow_2, hedgerow_n)
  WHERE true
  ORDER BY hedgerow_n
  RETURNING '{"0":' || "purchase_id"::text || ',"1":' || "product_id"::text || '}'
SELECT count(*)
  FROM "purchase" AS t0
  WHERE ((t0."id" = ANY ($1::int4[])) AND (t0."state" = $2::text::"state"))
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
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"state":' || '"' || t0."state" || '"' || ',"note":' || coalesce(to_json(t0."note")::text, 'null') || ',"customer":' || coalesce(
(SELECT '{"name":' || to_json(t1."name")::text || '}'
  FROM "customer" AS t1
  WHERE t1."id" = t0."customer_id"
  LIMIT 1), 'null') || ',"lines":' || 
(SELECT '[' || coalesce(string_agg('{"count":' || t2."count"::text || ',"product":' || coalesce(
(SELECT '{"name":' || to_json(t3."name")::text || '}'
  FROM "product" AS t3
  WHERE t3."id" = t2."product_id" AND (NOT t3."hidden")
  LIMIT 1), 'null') || '}', ','), '') || ']'
  FROM 
(SELECT t2."count", t2."product_id"
  FROM "line" AS t2
  WHERE t2."purchase_id" = t0."id" AND (
(SELECT t4."customer_id"
  FROM "purchase" AS t4
  WHERE t4."id" = t2."purchase_id"
  LIMIT 1) = $1::int8)
  ORDER BY t2."purchase_id", t2."product_id"
  LIMIT 1000) AS t2) || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id", t0."state", t0."note", t0."customer_id"
  FROM "purchase" AS t0
  WHERE (t0."customer_id" = $1::int8) AND (t0."id" = ANY ($2::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
