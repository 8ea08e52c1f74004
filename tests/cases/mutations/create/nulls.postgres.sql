INSERT INTO "product" ("name", "price", "weight", "category_id", "changed_on", "size", "stock", "details", "hidden", "made_on", "version") VALUES ($1::text, $2::numeric, $3::float8, $4::int4, $5::text::date, $6::text, $7::int4, $8::jsonb, $9::bool, $10::text::date, $11::int4)
  RETURNING (CASE WHEN NOT EXISTS 
(SELECT
  FROM pg_class c
  WHERE c.oid = '"product"'::regclass AND c.relkind = 'r' AND NOT EXISTS 
(SELECT
  FROM pg_trigger
  WHERE tgrelid = c.oid AND (tgdeferrable OR NOT (tgisinternal OR tgname IN ('hedgerow_change', 'hedgerow_change_truncate') OR starts_with(tgname, 'hedgerow_aside_'))))) THEN current_setting('hedgerow.more_follows_a_write_to_this_table') WHEN ((1 = 1) IS TRUE) THEN '{"createProduct":' || coalesce(CASE WHEN ((1 = 1) IS TRUE) THEN '{"id":' || "product"."id"::text || ',"weight":' || coalesce(CASE WHEN "product"."weight" - "product"."weight" = 0 THEN ("product"."weight" + 0)::text END, 'null') || ',"category":' || coalesce(
(SELECT '{"name":' || to_json(t0."name")::text || '}'
  FROM "category" AS t0
  WHERE t0."id" = "product"."category_id"
  LIMIT 1), 'null') || '}' END, 'null') || '}' ELSE current_setting('hedgerow.no_rule_allows_the_row') END)::varchar
