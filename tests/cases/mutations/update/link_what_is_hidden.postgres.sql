SELECT '{"0":' || t0."id"::text || '}'
  FROM "customer" AS t0
  WHERE ((t0."id" = $1::int4) AND (t0."id" = $2::int8))
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
SELECT '{"0":' || t0."id"::text || '}'
  FROM "product" AS t0
  WHERE ((t0."id" = ANY ($1::int4[])) AND (NOT t0."hidden"))
  ORDER BY t0."id"
  LIMIT 2147483649
