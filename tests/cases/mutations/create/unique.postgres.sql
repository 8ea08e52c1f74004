INSERT INTO "category" ("name") VALUES ($1::text)
  RETURNING '{"0":' || "id"::text || '}'
-- Again, to tell what the broken constraint means.
INSERT INTO "category" ("name") VALUES ($1::text)
  RETURNING '{"0":' || "id"::text || '}'
SELECT max(t0."id")
  FROM "category" AS t0
