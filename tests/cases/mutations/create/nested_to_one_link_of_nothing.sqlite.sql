SELECT json_object('0', t0."id")
  FROM "category" AS t0
  WHERE (CASE WHEN ?1 IS NOT NULL THEN t0."id" IN 
(SELECT value
  FROM json_each(?1)) END)
  ORDER BY t0."id"
  LIMIT 2147483649
