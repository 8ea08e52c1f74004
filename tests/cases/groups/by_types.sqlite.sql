SELECT json_object('thingsAggregate', json_object('groups', 
(SELECT json_group_array(json_object('key', json_object('aMood', t1.g0, 'aBool', json(CASE t1.g1 WHEN 1 THEN 'true' WHEN 0 THEN 'false' END), 'aUuid', substr(t1.g2, 1, 8) || '-' || substr(t1.g2, 9, 4) || '-' || substr(t1.g2, 13, 4) || '-' || substr(t1.g2, 17, 4) || '-' || substr(t1.g2, 21, 12), 'aDuration', hedgerow_duration(t1.g3), 'aFloat', json(hedgerow_float(t1.g4)), 'aDecimal', hedgerow_decimal_text(t1.g5), 'aBigint', CASE WHEN t1.g6 BETWEEN -9007199254740991 AND 9007199254740991 THEN t1.g6 ELSE CAST(t1.g6 AS TEXT) END), 'aggregate', json_object('count', t1.g7)))
  FROM 
(SELECT t0."a_mood" AS g0, t0."a_bool" AS g1, t0."a_uuid" AS g2, t0."a_duration" AS g3, t0."a_float" AS g4, t0."a_decimal" AS g5, t0."a_bigint" AS g6, count(*) AS g7
  FROM 
(SELECT t0."a_mood", t0."a_bool", t0."a_uuid", t0."a_duration", t0."a_float", t0."a_decimal", t0."a_bigint"
  FROM "thing" AS t0) AS t0 GROUP BY t0."a_mood", t0."a_bool", t0."a_uuid", t0."a_duration", t0."a_float", t0."a_decimal", t0."a_bigint"
  ORDER BY t0."a_mood" NULLS LAST, t0."a_bool" NULLS LAST, t0."a_uuid" NULLS LAST, t0."a_duration" NULLS LAST, t0."a_float" NULLS LAST, t0."a_decimal" NULLS LAST, t0."a_bigint" NULLS LAST
  LIMIT +1000) AS t1)))
