SELECT json_object('0', t0."id"), ((1 = 0)) IS TRUE, ((1 = 1)) IS TRUE
  FROM "purchase" AS t0
  WHERE ((t0."customer_id" = ?1) AND (t0."id" = ?2) AND (t0."state" = ?3))
  ORDER BY t0."id"
  LIMIT 100001
