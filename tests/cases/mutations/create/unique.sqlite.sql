INSERT INTO "category" ("name") VALUES (?1)
  RETURNING json_object('0', "id")
-- Again, to tell what the broken constraint means.
INSERT INTO "category" ("name") VALUES (?1)
  RETURNING json_object('0', "id")
