SELECT json_object('0', t0."id", '1', t0."version"), ((1 = 1)) IS TRUE
  FROM "product" AS t0
  WHERE (t0."id" = ?1)
  ORDER BY t0."id"
  LIMIT 100001
