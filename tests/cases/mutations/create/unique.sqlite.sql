INSERT INTO "category" ("name") VALUES (?1)
  RETURNING CASE WHEN ((1 = 1) IS TRUE) THEN json_object('createCategory', CASE WHEN ((1 = 1) IS TRUE) THEN json_object('id', "category"."id") END) ELSE hedgerow_not_allowed("category"."id") END
-- Again, to tell what is wrong.
INSERT INTO "category" ("name") VALUES (?1)
  RETURNING json_object('0', "id")
-- Again, to tell what is wrong.
INSERT INTO "category" ("name") VALUES (?1)
  RETURNING json_object('0', "id")
SELECT max(t0."id")
  FROM "category" AS t0
