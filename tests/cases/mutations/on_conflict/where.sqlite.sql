SELECT hedgerow_rows.hedgerow_n, json_object('0', t0."id")
  FROM 
(SELECT column1 AS hedgerow_0, column2 AS hedgerow_1, column3 AS hedgerow_n
  FROM (VALUES (?1, ?2, 1), (?3, ?4, 2))) AS hedgerow_rows JOIN "product" AS t0 ON t0."name" = hedgerow_rows.hedgerow_0 AND t0."size" = hedgerow_rows.hedgerow_1
SELECT json_object('0', t0."id")
  FROM "product" AS t0
  WHERE ((t0."id" IN 
(SELECT value
  FROM json_each(?1))) AND (t0."stock" > ?2))
  ORDER BY t0."id"
  LIMIT 100001
UPDATE "product" AS t0
  SET "price" = hedgerow_rows.hedgerow_1, "changed_on" = hedgerow_rows.hedgerow_2, "version" = t0."version" + 1
  FROM 
(SELECT column1 AS hedgerow_0, column2 AS hedgerow_1, column3 AS hedgerow_2, column4 AS hedgerow_n
  FROM (VALUES (?1, ?2, ?3, 1))) AS hedgerow_rows
  WHERE t0."id" = hedgerow_rows.hedgerow_0
SELECT json_object('0', t0."id"), ((1 = 1)) IS TRUE, ((1 = 1)) IS TRUE
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  ORDER BY t0."id"
  LIMIT 2147483649
SELECT json_object('rows', 
(SELECT json_group_array(json_object('size', t0."size", 'price', printf('%.2f', t0."price"), 'key:id', t0."id"))
  FROM 
(SELECT t0."size", t0."price", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  LIMIT +5000) AS t0))
