SELECT json_object('0', t0."id", '1', t0."version")
  FROM "product" AS t0
  WHERE (1 = 0)
  ORDER BY t0."id"
  LIMIT 100001
