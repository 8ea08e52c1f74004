INSERT INTO "review" ("stars", "product_id", "author_id", "id", "text") VALUES ($1::int4, $2::int4, $3::int4, $4::uuid, $5::text)
  RETURNING (CASE WHEN NOT EXISTS 
(SELECT
  FROM pg_class c
  WHERE c.oid = '"review"'::regclass AND c.relkind = 'r' AND NOT EXISTS 
(SELECT
  FROM pg_trigger
  WHERE tgrelid = c.oid AND (tgdeferrable OR NOT (tgisinternal OR tgname IN ('hedgerow_change', 'hedgerow_change_truncate') OR starts_with(tgname, 'hedgerow_aside_'))))) THEN current_setting('hedgerow.more_follows_a_write_to_this_table') WHEN ((NOT 
(SELECT t2."hidden"
  FROM "product" AS t2
  WHERE t2."id" = "review"."product_id"
  LIMIT 1)) IS TRUE) THEN '{"createReview":' || coalesce(CASE WHEN ((1 = 1) IS TRUE) THEN '{"stars":' || "review"."stars"::text || ',"text":' || to_json("review"."text")::text || ',"author":' || coalesce(
(SELECT '{"name":' || to_json(t0."name")::text || '}'
  FROM "customer" AS t0
  WHERE t0."id" = "review"."author_id"
  LIMIT 1), 'null') || ',"product":' || coalesce(
(SELECT '{"name":' || to_json(t1."name")::text || '}'
  FROM "product" AS t1
  WHERE t1."id" = "review"."product_id" AND (NOT t1."hidden")
  LIMIT 1), 'null') || '}' END, 'null') || '}' ELSE current_setting('hedgerow.no_rule_allows_the_row') END)::varchar
