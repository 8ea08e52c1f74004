SELECT '{"0":' || t0."id"::text || ',"1":' || t0."version"::text || '}'
  FROM "product" AS t0
  WHERE (1 = 0)
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
