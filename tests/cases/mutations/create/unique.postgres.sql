INSERT INTO "category" ("name") VALUES ($1::text)
  RETURNING (CASE WHEN NOT EXISTS 
(SELECT
  FROM pg_class c
  WHERE c.oid = '"category"'::regclass AND c.relkind = 'r' AND NOT EXISTS 
(SELECT
  FROM pg_trigger
  WHERE tgrelid = c.oid AND (tgdeferrable OR NOT (tgisinternal OR tgname IN ('hedgerow_change', 'hedgerow_change_truncate') OR starts_with(tgname, 'hedgerow_aside_'))))) THEN current_setting('hedgerow.more_follows_a_write_to_this_table') WHEN ((1 = 1) IS TRUE) THEN '{"createCategory":' || coalesce(CASE WHEN ((1 = 1) IS TRUE) THEN '{"id":' || "category"."id"::text || '}' END, 'null') || '}' ELSE current_setting('hedgerow.no_rule_allows_the_row') END)::varchar
-- Again, to tell what is wrong.
INSERT INTO "category" ("name") VALUES ($1::text)
  RETURNING '{"0":' || "id"::text || '}'
-- Again, to tell what is wrong.
INSERT INTO "category" ("name") VALUES ($1::text)
  RETURNING '{"0":' || "id"::text || '}'
SELECT max(t0."id")
  FROM "category" AS t0
