SELECT '{"0":' || t0."id"::text || '}'
  FROM "category" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  ORDER BY t0."id"
  LIMIT 2147483649
INSERT INTO "category" ("name", "parent_id") SELECT hedgerow_0, hedgerow_1
  FROM unnest($1::text[], $2::int4[]) WITH ORDINALITY AS hedgerow_rows(hedgerow_0, hedgerow_1, hedgerow_n)
  WHERE true
  ORDER BY hedgerow_n
  RETURNING '{"0":' || "id"::text || '}'
INSERT INTO "product" ("name", "size", "price", "stock", "details", "hidden", "made_on", "version", "category_id") SELECT hedgerow_0, hedgerow_1, hedgerow_2, hedgerow_3, hedgerow_4, hedgerow_5, hedgerow_6, hedgerow_7, hedgerow_8
  FROM unnest($1::text[], $2::text[], $3::numeric[], $4::int4[], $5::jsonb[], $6::bool[], $7::text[]::date[], $8::int4[], $9::int4[]) WITH ORDINALITY AS hedgerow_rows(hedgerow_0, hedgerow_1, hedgerow_2, hedgerow_3, hedgerow_4, hedgerow_5, hedgerow_6, hedgerow_7, hedgerow_8, hedgerow_n)
  WHERE true
  ORDER BY hedgerow_n
  RETURNING '{"0":' || "id"::text || '}'
INSERT INTO "line" ("purchase_id", "product_id", "count") VALUES ($1::int4, $2::int4, $3::int4)
  RETURNING '{"0":' || "purchase_id"::text || ',"1":' || "product_id"::text || '}'
INSERT INTO "category" ("name", "parent_id") SELECT hedgerow_0, hedgerow_1
  FROM unnest($1::text[], $2::int4[]) WITH ORDINALITY AS hedgerow_rows(hedgerow_0, hedgerow_1, hedgerow_n)
  WHERE true
  ORDER BY hedgerow_n
  RETURNING '{"0":' || "id"::text || '}'
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t0."name")::text || ',"parent":' || coalesce(
(SELECT '{"name":' || to_json(t1."name")::text || '}'
  FROM "category" AS t1
  WHERE t1."id" = t0."parent_id"
  LIMIT 1), 'null') || ',"children":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t2."name")::text || '}', ','), '') || ']'
  FROM 
(SELECT t2."name"
  FROM "category" AS t2
  WHERE t2."parent_id" = t0."id"
  ORDER BY t2."id"
  LIMIT 1000) AS t2) || ',"products":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t3."name")::text || ',"lines":' || 
(SELECT '[' || coalesce(string_agg('{"count":' || t4."count"::text || '}', ','), '') || ']'
  FROM 
(SELECT t4."count"
  FROM "line" AS t4
  WHERE t4."product_id" = t3."id"
  ORDER BY t4."purchase_id", t4."product_id"
  LIMIT 1000) AS t4) || '}', ','), '') || ']'
  FROM 
(SELECT t3."name", t3."id"
  FROM "product" AS t3
  WHERE t3."category_id" = t0."id"
  ORDER BY t3."id"
  LIMIT 1000) AS t3) || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."name", t0."parent_id", t0."id"
  FROM "category" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
