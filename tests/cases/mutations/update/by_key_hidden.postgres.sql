SELECT '{"0":' || t0."id"::text || ',"1":' || t0."version"::text || '}'
  FROM "product" AS t0
  WHERE ((NOT t0."hidden") AND (t0."id" = $1::int4))
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
