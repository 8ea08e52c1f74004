INSERT INTO "review" ("id", "stars", "text", "product_id", "author_id") VALUES ($1::uuid, $2::int4, $3::text, $4::int4, $5::int4)
  RETURNING '{"0":' || '"' || "id" || '"' || '}'
SELECT count(*)
  FROM "review" AS t0
  WHERE ((t0."id" = ANY ($1::uuid[])) AND (NOT 
(SELECT t2."hidden"
  FROM "product" AS t2
  WHERE t2."id" = t0."product_id"
  LIMIT 1)))
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"stars":' || t0."stars"::text || ',"text":' || to_json(t0."text")::text || ',"author":' || coalesce(
(SELECT '{"name":' || to_json(t1."name")::text || '}'
  FROM "customer" AS t1
  WHERE t1."id" = t0."author_id"
  LIMIT 1), 'null') || ',"product":' || coalesce(
(SELECT '{"name":' || to_json(t2."name")::text || '}'
  FROM "product" AS t2
  WHERE t2."id" = t0."product_id" AND (NOT t2."hidden")
  LIMIT 1), 'null') || ',"key:id":' || '"' || t0."id" || '"' || '}', ','), '') || ']'
  FROM 
(SELECT t0."stars", t0."text", t0."author_id", t0."product_id", t0."id"
  FROM "review" AS t0
  WHERE (t0."id" = ANY ($1::uuid[]))
  LIMIT 5000) AS t0) || '}')::varchar
