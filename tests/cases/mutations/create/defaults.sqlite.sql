INSERT INTO "product" ("name", "size", "price", "stock", "details", "hidden", "made_on", "version") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
  RETURNING json_object('0', "id")
SELECT json_object('rows', 
(SELECT json_group_array(json_object('id', t0."id", 'name', t0."name", 'size', t0."size", 'price', printf('%.2f', t0."price"), 'stock', t0."stock", 'weight', json(hedgerow_float(t0."weight")), 'details', json(t0."details"), 'hidden', json(CASE t0."hidden" WHEN 1 THEN 'true' WHEN 0 THEN 'false' END), 'madeOn', t0."made_on", 'changedOn', t0."changed_on", 'version', t0."version", 'category', 
(SELECT json_object('name', t1."name")
  FROM "category" AS t1
  WHERE t1."id" = t0."category_id"
  LIMIT 1), 'key:id', t0."id"))
  FROM 
(SELECT t0."id", t0."name", t0."size", t0."price", t0."stock", t0."weight", t0."details", t0."hidden", t0."made_on", t0."changed_on", t0."version", t0."category_id"
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT 5000) AS t0))
