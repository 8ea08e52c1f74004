INSERT INTO "product" ("name", "price", "size", "stock", "details", "hidden", "made_on", "version") VALUES ($1::text, $2::numeric, $3::text, $4::int4, $5::jsonb, $6::bool, $7::text::date, $8::int4)
  RETURNING (CASE WHEN NOT EXISTS 
(SELECT
  FROM pg_class c
  WHERE c.oid = '"product"'::regclass AND c.relkind = 'r' AND NOT EXISTS 
(SELECT
  FROM pg_trigger
  WHERE tgrelid = c.oid AND (tgdeferrable OR NOT (tgisinternal OR tgname IN ('hedgerow_change', 'hedgerow_change_truncate') OR starts_with(tgname, 'hedgerow_aside_'))))) THEN current_setting('hedgerow.more_follows_a_write_to_this_table') WHEN ((1 = 1) IS TRUE) THEN '{"createProduct":' || coalesce(CASE WHEN ((1 = 1) IS TRUE) THEN '{"id":' || "product"."id"::text || ',"name":' || to_json("product"."name")::text || ',"size":' || to_json("product"."size")::text || ',"price":' || '"' || "product"."price" || '"' || ',"stock":' || "product"."stock"::text || ',"weight":' || coalesce(CASE WHEN "product"."weight" - "product"."weight" = 0 THEN ("product"."weight" + 0)::text END, 'null') || ',"details":' || coalesce("product"."details"::text, 'null') || ',"hidden":' || "product"."hidden"::text || ',"madeOn":' || to_json("product"."made_on")::text || ',"changedOn":' || coalesce(to_json("product"."changed_on")::text, 'null') || ',"version":' || "product"."version"::text || ',"category":' || coalesce(
(SELECT '{"name":' || to_json(t0."name")::text || '}'
  FROM "category" AS t0
  WHERE t0."id" = "product"."category_id"
  LIMIT 1), 'null') || '}' END, 'null') || '}' ELSE current_setting('hedgerow.no_rule_allows_the_row') END)::varchar
