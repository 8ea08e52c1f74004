INSERT INTO "category" ("name") VALUES (?1)
  RETURNING json_object('0', "id")
-- Again, to tell what the broken constraint means.
INSERT INTO "category" ("name") VALUES (?1)
  RETURNING json_object('0', "id")
SELECT max(t0."id")
  FROM "category" AS t0
