SELECT json_object('0', t0."purchase_id", '1', t0."product_id")
  FROM "line" AS t0
  WHERE (t0."count" > ?1)
  ORDER BY t0."purchase_id", t0."product_id"
  LIMIT 100001
