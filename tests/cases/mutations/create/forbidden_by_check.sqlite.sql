INSERT INTO "review" ("stars", "product_id", "author_id", "id", "text") VALUES (?1, ?2, ?3, ?4, ?5)
  RETURNING CASE WHEN ((NOT 
(SELECT t0."hidden"
  FROM "product" AS t0
  WHERE t0."id" = "review"."product_id"
  LIMIT 1)) IS TRUE) THEN json_object('createReview', CASE WHEN ((1 = 1) IS TRUE) THEN json_object('stars', "review"."stars") END) ELSE hedgerow_not_allowed("review"."id") END
-- Again, to tell what is wrong.
INSERT INTO "review" ("id", "stars", "text", "product_id", "author_id") VALUES (?1, ?2, ?3, ?4, ?5)
  RETURNING json_object('0', substr("id", 1, 8) || '-' || substr("id", 9, 4) || '-' || substr("id", 13, 4) || '-' || substr("id", 17, 4) || '-' || substr("id", 21, 12))
SELECT count(*)
  FROM "review" AS t0
  WHERE ((t0."id" IN 
(SELECT value
  FROM json_each(?1))) AND (NOT 
(SELECT t2."hidden"
  FROM "product" AS t2
  WHERE t2."id" = t0."product_id"
  LIMIT 1)))
