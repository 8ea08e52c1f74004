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
SELECT json_object('rows', 
(SELECT json_group_array(json_object('id', substr(t0."id", 1, 8) || '-' || substr(t0."id", 9, 4) || '-' || substr(t0."id", 13, 4) || '-' || substr(t0."id", 17, 4) || '-' || substr(t0."id", 21, 12), 'stars', t0."stars", 'key:id', substr(t0."id", 1, 8) || '-' || substr(t0."id", 9, 4) || '-' || substr(t0."id", 13, 4) || '-' || substr(t0."id", 17, 4) || '-' || substr(t0."id", 21, 12)))
  FROM 
(SELECT t0."id", t0."stars"
  FROM "review" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT 5000) AS t0))
