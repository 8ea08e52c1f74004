SELECT ('{"thingsAggregate":' || '{"groups":' || 
(SELECT '[' || coalesce(string_agg('{"key":' || '{"aMood":' || coalesce('"' || t1.g0 || '"', 'null') || ',"aBool":' || coalesce(t1.g1::text, 'null') || ',"aUuid":' || coalesce('"' || t1.g2 || '"', 'null') || ',"aDuration":' || coalesce('"' || CASE WHEN extract(epoch
  FROM t1.g3) < 0 THEN '-' ELSE '' END || 'PT' || trim_scale(abs(extract(epoch
  FROM t1.g3))) || 'S"', 'null') || ',"aFloat":' || coalesce(CASE WHEN t1.g4 - t1.g4 = 0 THEN (t1.g4 + 0)::text END, 'null') || ',"aDecimal":' || coalesce('"' || trim_scale(t1.g5) || '"', 'null') || ',"aBigint":' || coalesce(CASE WHEN t1.g6 BETWEEN -9007199254740991 AND 9007199254740991 THEN t1.g6::text ELSE '"' || t1.g6 || '"' END, 'null') || '}' || ',"aggregate":' || '{"count":' || t1.g7::text || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t0."a_mood" AS g0, t0."a_bool" AS g1, t0."a_uuid" AS g2, t0."a_duration" AS g3, t0."a_float" AS g4, t0."a_decimal" AS g5, t0."a_bigint" AS g6, count(*) AS g7
  FROM 
(SELECT t0."a_mood", t0."a_bool", t0."a_uuid", t0."a_duration", t0."a_float", t0."a_decimal", t0."a_bigint"
  FROM "thing" AS t0) AS t0 GROUP BY t0."a_mood", t0."a_bool", t0."a_uuid", t0."a_duration", t0."a_float", t0."a_decimal", t0."a_bigint"
  ORDER BY t0."a_mood"::text COLLATE "C" NULLS LAST, t0."a_bool" NULLS LAST, t0."a_uuid" NULLS LAST, t0."a_duration" NULLS LAST, t0."a_float" NULLS LAST, t0."a_decimal" NULLS LAST, t0."a_bigint" NULLS LAST
  LIMIT 1000) AS t1) || '}' || '}')::varchar
