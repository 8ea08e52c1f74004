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
