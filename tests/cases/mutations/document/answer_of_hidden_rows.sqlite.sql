SELECT json_object('0', substr(t0."id", 1, 8) || '-' || substr(t0."id", 9, 4) || '-' || substr(t0."id", 13, 4) || '-' || substr(t0."id", 17, 4) || '-' || substr(t0."id", 21, 12))
  FROM "review" AS t0
  WHERE ((t0."id" = ?1) AND (t0."author_id" = ?2))
  ORDER BY t0."id"
  LIMIT 100001
UPDATE "review" AS t0
  SET "text" = ?1
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?2)))
  RETURNING json_object('0', substr("id", 1, 8) || '-' || substr("id", 9, 4) || '-' || substr("id", 13, 4) || '-' || substr("id", 17, 4) || '-' || substr("id", 21, 12), '1', "stars", '2', "text", '3', "product_id", '4', "author_id")
SELECT count(*)
  FROM "review" AS t0
  WHERE ((t0."id" IN 
(SELECT value
  FROM json_each(?1))) AND (t0."author_id" = ?2))
SELECT json_object('rows', 
(SELECT json_group_array(json_object('text', t0."text", 'product', 
(SELECT json_object('name', t1."name", 'lines', 
(SELECT json_group_array(json_object('count', t2."count"))
  FROM 
(SELECT t2."count"
  FROM "line" AS t2
  WHERE t2."product_id" = t1."id" AND (
(SELECT t3."customer_id"
  FROM "purchase" AS t3
  WHERE t3."id" = t2."purchase_id"
  LIMIT 1) = ?1)
  ORDER BY t2."purchase_id", t2."product_id"
  LIMIT +1000) AS t2))
  FROM "product" AS t1
  WHERE t1."id" = t0."product_id" AND (NOT t1."hidden")
  LIMIT 1), 'author', 
(SELECT json_object('name', t4."name", 'email', (CASE WHEN t4."hedgerow_0" THEN t4."email" END))
  FROM 
(SELECT t4."name", t4."email", (t4."id" = ?1) AS "hedgerow_0"
  FROM "customer" AS t4
  WHERE t4."id" = t0."author_id") AS t4
  LIMIT 1), 'key:id', substr(t0."id", 1, 8) || '-' || substr(t0."id", 9, 4) || '-' || substr(t0."id", 13, 4) || '-' || substr(t0."id", 17, 4) || '-' || substr(t0."id", 21, 12)))
  FROM 
(SELECT t0."text", t0."product_id", t0."author_id", t0."id"
  FROM "review" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?2)))
  LIMIT +5000) AS t0))
