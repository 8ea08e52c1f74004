SELECT '{"0":' || '"' || t0."id" || '"' || '}'
  FROM "review" AS t0
  WHERE ((t0."id" = $1::uuid) AND (t0."author_id" = $2::int8))
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
UPDATE "review" AS t0
  SET "text" = $1::text
  WHERE (t0."id" = ANY ($2::uuid[]))
  RETURNING '{"0":' || '"' || "id" || '"' || ',"1":' || "stars"::text || ',"2":' || to_json("text")::text || ',"3":' || "product_id"::text || ',"4":' || coalesce("author_id"::text, 'null') || '}'
SELECT count(*)
  FROM "review" AS t0
  WHERE ((t0."id" = ANY ($1::uuid[])) AND (t0."author_id" = $2::int8))
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"text":' || to_json(t0."text")::text || ',"product":' || coalesce(
(SELECT '{"name":' || to_json(t1."name")::text || ',"lines":' || 
(SELECT '[' || coalesce(string_agg('{"count":' || t2."count"::text || '}', ','), '') || ']'
  FROM 
(SELECT t2."count"
  FROM "line" AS t2
  WHERE t2."product_id" = t1."id" AND (
(SELECT t3."customer_id"
  FROM "purchase" AS t3
  WHERE t3."id" = t2."purchase_id"
  LIMIT 1) = $1::int8)
  ORDER BY t2."purchase_id", t2."product_id"
  LIMIT 1000) AS t2) || '}'
  FROM "product" AS t1
  WHERE t1."id" = t0."product_id" AND (NOT t1."hidden")
  LIMIT 1), 'null') || ',"author":' || coalesce(
(SELECT '{"name":' || to_json(t4."name")::text || ',"email":' || coalesce(to_json((CASE WHEN t4."hedgerow_0" THEN t4."email" END))::text, 'null') || '}'
  FROM 
(SELECT t4."name", t4."email", (t4."id" = $1::int8) AS "hedgerow_0"
  FROM "customer" AS t4
  WHERE t4."id" = t0."author_id") AS t4
  LIMIT 1), 'null') || ',"key:id":' || '"' || t0."id" || '"' || '}', ','), '') || ']'
  FROM 
(SELECT t0."text", t0."product_id", t0."author_id", t0."id"
  FROM "review" AS t0
  WHERE (t0."id" = ANY ($2::uuid[]))
  LIMIT 5000) AS t0) || '}')::varchar
