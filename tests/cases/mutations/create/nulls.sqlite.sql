INSERT INTO "product" ("name", "price", "weight", "category_id", "changed_on", "size", "stock", "details", "hidden", "made_on", "version") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
  RETURNING CASE WHEN ((1 = 1) IS TRUE) THEN json_object('createProduct', CASE WHEN ((1 = 1) IS TRUE) THEN json_object('id', "product"."id", 'weight', json(hedgerow_float("product"."weight")), 'category', 
(SELECT json_object('name', t0."name")
  FROM "category" AS t0
  WHERE t0."id" = "product"."category_id"
  LIMIT 1)) END) ELSE hedgerow_not_allowed("product"."id") END
