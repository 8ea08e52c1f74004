INSERT INTO "product" ("name", "price", "size", "stock", "details", "hidden", "made_on", "version") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
  RETURNING CASE WHEN ((1 = 1) IS TRUE) THEN json_object('createProduct', CASE WHEN ((1 = 1) IS TRUE) THEN json_object('id', "product"."id", 'name', "product"."name", 'size', "product"."size", 'price', printf('%.2f', "product"."price"), 'stock', "product"."stock", 'weight', json(hedgerow_float("product"."weight")), 'details', json("product"."details"), 'hidden', json(CASE "product"."hidden" WHEN 1 THEN 'true' WHEN 0 THEN 'false' END), 'madeOn', "product"."made_on", 'changedOn', "product"."changed_on", 'version', "product"."version", 'category', 
(SELECT json_object('name', t0."name")
  FROM "category" AS t0
  WHERE t0."id" = "product"."category_id"
  LIMIT 1)) END) ELSE hedgerow_not_allowed("product"."id") END
