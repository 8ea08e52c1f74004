INSERT INTO "product" ("name", "price", "stock", "size", "details", "hidden", "made_on", "version") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
  RETURNING CASE WHEN ((1 = 1) IS TRUE) THEN json_object('createProduct', CASE WHEN ((1 = 1) IS TRUE) THEN json_object('id', "product"."id") END) ELSE hedgerow_not_allowed("product"."id") END
-- Again, to tell what is wrong.
INSERT INTO "product" ("name", "size", "price", "stock", "details", "hidden", "made_on", "version") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
  RETURNING json_object('0', "id")
-- Again, to tell what is wrong.
INSERT INTO "product" ("name", "size", "price", "stock", "details", "hidden", "made_on", "version") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
  RETURNING json_object('0', "id")
SELECT max(t0."id")
  FROM "product" AS t0
