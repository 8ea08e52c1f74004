INSERT INTO "product" ("name", "price", "stock", "size", "details", "hidden", "made_on", "version") VALUES ($1::text, $2::numeric, $3::int4, $4::text, $5::jsonb, $6::bool, $7::text::date, $8::int4)
  RETURNING (CASE WHEN NOT EXISTS 
(SELECT
  FROM pg_class c
  WHERE c.oid = '"product"'::regclass AND c.relkind = 'r' AND NOT EXISTS 
(SELECT
  FROM pg_trigger
  WHERE tgrelid = c.oid AND (tgdeferrable OR NOT (tgisinternal OR tgname IN ('hedgerow_change', 'hedgerow_change_truncate') OR starts_with(tgname, 'hedgerow_aside_'))))) THEN current_setting('hedgerow.more_follows_a_write_to_this_table') WHEN ((1 = 1) IS TRUE) THEN '{"createProduct":' || coalesce(CASE WHEN ((1 = 1) IS TRUE) THEN '{"name":' || to_json("product"."name")::text || ',"size":' || to_json("product"."size")::text || ',"stock":' || "product"."stock"::text || '}' END, 'null') || '}' ELSE current_setting('hedgerow.no_rule_allows_the_row') END)::varchar
