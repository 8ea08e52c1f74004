SELECT '{"0":' || t0."id"::text || '}'
  FROM "category" AS t0
  WHERE (1 = 1)
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
