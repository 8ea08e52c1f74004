INSERT INTO "purchase" ("state", "customer_id") VALUES (?1, ?2)
  RETURNING json_object('0', "id")
INSERT INTO "line" ("purchase_id", "product_id", "count") VALUES (?1, ?2, ?3)
  RETURNING json_object('0', "purchase_id", '1', "product_id")
SELECT count(*)
  FROM "purchase" AS t0
  WHERE ((t0."id" IN 
(SELECT value
  FROM json_each(?1))) AND (t0."state" = ?2))
