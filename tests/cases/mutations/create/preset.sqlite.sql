INSERT INTO "review" ("stars", "product_id", "author_id", "id", "text") VALUES (?1, ?2, ?3, ?4, ?5)
  RETURNING CASE WHEN ((NOT 
(SELECT t2."hidden"
  FROM "product" AS t2
  WHERE t2."id" = "review"."product_id"
  LIMIT 1)) IS TRUE) THEN json_object('createReview', CASE WHEN ((1 = 1) IS TRUE) THEN json_object('stars', "review"."stars", 'text', "review"."text", 'author', 
(SELECT json_object('name', t0."name")
  FROM "customer" AS t0
  WHERE t0."id" = "review"."author_id"
  LIMIT 1), 'product', 
(SELECT json_object('name', t1."name")
  FROM "product" AS t1
  WHERE t1."id" = "review"."product_id" AND (NOT t1."hidden")
  LIMIT 1)) END) ELSE hedgerow_not_allowed("review"."id") END
