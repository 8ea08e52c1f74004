INSERT INTO "category" ("name") VALUES (?1)
  RETURNING CASE WHEN ((1 = 1) IS TRUE) THEN json_object('b', CASE WHEN ((1 = 1) IS TRUE) THEN json_object('name', "category"."name") END) ELSE hedgerow_not_allowed("category"."id") END
