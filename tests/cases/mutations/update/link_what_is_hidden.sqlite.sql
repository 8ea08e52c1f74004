SELECT json_object('0', t0."id")
  FROM "customer" AS t0
  WHERE ((t0."id" = ?1) AND (t0."id" = ?2))
  ORDER BY t0."id"
  LIMIT 100001
SELECT json_object('0', t0."id")
  FROM "product" AS t0
  WHERE ((t0."id" IN 
(SELECT value
  FROM json_each(?1))) AND (NOT t0."hidden"))
  ORDER BY t0."id"
  LIMIT 2147483649
