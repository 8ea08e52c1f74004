SELECT '{"0":' || t0."id"::text || ',"1":' || t0."version"::text || '}', ((1 = 0)) IS TRUE, ((1 = 1)) IS TRUE
  FROM "product" AS t0
  WHERE (t0."id" = $1::int4)
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
SELECT '{"0":' || t0."label_id"::text || '}'
  FROM "productlabel" AS t0
  WHERE (t0."product_id" = ANY ($1::int4[]))
  ORDER BY t0."product_id", t0."label_id"
  LIMIT 2147483649
SELECT '{"0":' || t0."id"::text || '}'
  FROM "label" AS t0
  WHERE ((t0."id" = ANY ($1::int4[])) AND (t0."id" = ANY ($2::int4[])))
  ORDER BY t0."id"
  LIMIT 100001
DELETE
  FROM "productlabel" AS t0
  WHERE ((t0."product_id", t0."label_id") IN 
(SELECT *
  FROM unnest($1::int4[], $2::int4[])))
  RETURNING '{"0":' || "product_id"::text || ',"1":' || "label_id"::text || '}'
INSERT INTO "label" ("word") VALUES ($1::text)
  RETURNING '{"0":' || "id"::text || '}'
INSERT INTO "productlabel" ("product_id", "label_id") VALUES ($1::int4, $2::int4)
SELECT '{"0":' || t0."id"::text || '}'
  FROM "label" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  ORDER BY t0."id"
  LIMIT 2147483649
INSERT INTO "productlabel" ("product_id", "label_id") VALUES ($1::int4, $2::int4)
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t0."name")::text || ',"labels":' || 
(SELECT '[' || coalesce(string_agg('{"word":' || to_json(t1."word")::text || '}', ','), '') || ']'
  FROM 
(SELECT t1."word"
  FROM "label" AS t1 JOIN "productlabel" AS t2 ON t2."label_id" = t1."id"
  WHERE t2."product_id" = t0."id"
  ORDER BY t1."word", t1."id"
  LIMIT 1000) AS t1) || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."name", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
