SELECT '{"0":' || t0."id"::text || '}', ((1 = 0)) IS TRUE, ((1 = 1)) IS TRUE
  FROM "purchase" AS t0
  WHERE ((t0."customer_id" = $1::int8) AND (t0."id" = $2::int4) AND (t0."state" = $3::text::"state"))
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
