INSERT INTO "category" ("name") VALUES ($1::text)
  RETURNING (CASE WHEN NOT EXISTS 
(SELECT
  FROM pg_class c
  WHERE c.oid = '"category"'::regclass AND c.relkind = 'r' AND NOT EXISTS 
(SELECT
  FROM pg_trigger
  WHERE tgrelid = c.oid AND (tgdeferrable OR NOT (tgisinternal OR tgname IN ('hedgerow_change', 'hedgerow_change_truncate') OR starts_with(tgname, 'hedgerow_aside_'))))) THEN current_setting('hedgerow.more_follows_a_write_to_this_table') WHEN ((1 = 1) IS TRUE) THEN '{"b":' || coalesce(CASE WHEN ((1 = 1) IS TRUE) THEN '{"name":' || to_json("category"."name")::text || '}' END, 'null') || '}' ELSE current_setting('hedgerow.no_rule_allows_the_row') END)::varchar
