SELECT json_object('0', t0."id", '1', t0."version")
  FROM "product" AS t0
  WHERE ((NOT t0."hidden") AND (t0."id" = ?1))
  ORDER BY t0."id"
  LIMIT 100001
