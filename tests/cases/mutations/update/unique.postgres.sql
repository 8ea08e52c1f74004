SELECT '{"0":' || t0."id"::text || '}'
  FROM "category" AS t0
  WHERE (t0."id" = $1::int4)
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
UPDATE "category" AS t0
  SET "name" = $1::text
  WHERE (t0."id" = ANY ($2::int4[]))
  RETURNING '{"0":' || "id"::text || '}'
-- Again, to tell what is wrong.
SELECT '{"0":' || t0."id"::text || '}'
  FROM "category" AS t0
  WHERE (t0."id" = $1::int4)
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
UPDATE "category" AS t0
  SET "name" = $1::text
  WHERE (t0."id" = ANY ($2::int4[]))
  RETURNING '{"0":' || "id"::text || '}'
SELECT '{"0":' || t0."id"::text || '}', '{"0":' || coalesce(t0."id"::text, 'null') || ',"1":' || coalesce(to_json(($1::text))::text, 'null') || ',"2":' || coalesce(t0."parent_id"::text, 'null') || '}'
  FROM "category" AS t0
  WHERE (t0."id" = ANY ($2::int4[]))
