SELECT '{"0":' || t0."purchase_id"::text || ',"1":' || t0."product_id"::text || '}'
  FROM "line" AS t0
  WHERE (t0."count" > $1::int4)
  ORDER BY t0."purchase_id", t0."product_id"
  LIMIT 100001 FOR UPDATE OF t0
