INSERT INTO "review" ("id", "stars", "product_id", "author_id", "text") VALUES (?1, ?2, ?3, ?4, ?5)
  RETURNING CASE WHEN ((NOT 
(SELECT t0."hidden"
  FROM "product" AS t0
  WHERE t0."id" = "review"."product_id"
  LIMIT 1)) IS TRUE) THEN json_object('createReview', CASE WHEN ((1 = 1) IS TRUE) THEN json_object('id', substr("review"."id", 1, 8) || '-' || substr("review"."id", 9, 4) || '-' || substr("review"."id", 13, 4) || '-' || substr("review"."id", 17, 4) || '-' || substr("review"."id", 21, 12), 'stars', "review"."stars") END) ELSE hedgerow_not_allowed("review"."id") END
