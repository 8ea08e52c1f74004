SELECT hedgerow_rows.hedgerow_n, '{"0":' || t0."id"::text || '}'
  FROM unnest($1::int4[]) WITH ORDINALITY AS hedgerow_rows(hedgerow_0, hedgerow_n) JOIN "category" AS t0 ON t0."id" = hedgerow_rows.hedgerow_0
INSERT INTO "category" ("id", "name") VALUES ($1::int4, $2::text) ON CONFLICT ("id") DO NOTHING
  RETURNING '{"0":' || "id"::text || '}'
-- Again, to tell what is wrong.
SELECT hedgerow_rows.hedgerow_n, '{"0":' || t0."id"::text || '}'
  FROM unnest($1::int4[]) WITH ORDINALITY AS hedgerow_rows(hedgerow_0, hedgerow_n) JOIN "category" AS t0 ON t0."id" = hedgerow_rows.hedgerow_0
INSERT INTO "category" ("id", "name") VALUES ($1::int4, $2::text) ON CONFLICT ("id") DO NOTHING
  RETURNING '{"0":' || "id"::text || '}'
