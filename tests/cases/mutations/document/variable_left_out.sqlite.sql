INSERT INTO "product" ("name", "price", "stock", "size", "details", "hidden", "made_on", "version") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
  RETURNING CASE WHEN ((1 = 1) IS TRUE) THEN json_object('createProduct', CASE WHEN ((1 = 1) IS TRUE) THEN json_object('name', "product"."name", 'size', "product"."size", 'stock', "product"."stock") END) ELSE hedgerow_not_allowed("product"."id") END
