SELECT '{"0":' || t0."purchase_id"::text || ',"1":' || t0."product_id"::text || '}'
  FROM "line" AS t0
  WHERE (t0."count" >= $1::int4)
  ORDER BY t0."purchase_id", t0."product_id"
  LIMIT 100001 FOR UPDATE OF t0
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"purchase_id":' || t0."purchase_id"::text || ',"product_id":' || t0."product_id"::text || ',"key:purchase_id":' || t0."purchase_id"::text || ',"key:product_id":' || t0."product_id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."purchase_id", t0."product_id"
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
SELECT '{"0":' || t0."id"::text || '}'
  FROM "category" AS t0
  WHERE (t0."id" = $1::int4)
  ORDER BY t0."id"
  LIMIT 100001 FOR UPDATE OF t0
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t0."name")::text || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."name", t0."id"
  FROM "category" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
DELETE
  FROM "category" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  RETURNING '{"0":' || "id"::text || '}'
