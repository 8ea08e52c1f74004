SELECT ('{"things":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"anInt":' || coalesce(t0."an_int"::text, 'null') || ',"aBigint":' || coalesce(CASE WHEN t0."a_bigint" BETWEEN -9007199254740991 AND 9007199254740991 THEN t0."a_bigint"::text ELSE '"' || t0."a_bigint" || '"' END, 'null') || ',"aFloat":' || coalesce(CASE WHEN t0."a_float" - t0."a_float" = 0 THEN (t0."a_float" + 0)::text END, 'null') || ',"aPrice":' || coalesce('"' || t0."a_price" || '"', 'null') || ',"aDecimal":' || coalesce('"' || trim_scale(t0."a_decimal") || '"', 'null') || ',"aText":' || coalesce(to_json(t0."a_text")::text, 'null') || ',"aBool":' || coalesce(t0."a_bool"::text, 'null') || ',"aDatetime":' || coalesce(to_json(t0."a_datetime")::text, 'null') || ',"aNaive":' || coalesce(to_json(t0."a_naive")::text, 'null') || ',"aDate":' || coalesce(to_json(t0."a_date")::text, 'null') || ',"aTime":' || coalesce(to_json(t0."a_time")::text, 'null') || ',"aDuration":' || coalesce('"' || CASE WHEN extract(epoch
  FROM t0."a_duration") < 0 THEN '-' ELSE '' END || 'PT' || trim_scale(abs(extract(epoch
  FROM t0."a_duration"))) || 'S"', 'null') || ',"aUuid":' || coalesce('"' || t0."a_uuid" || '"', 'null') || ',"aMood":' || coalesce('"' || t0."a_mood" || '"', 'null') || ',"aJson":' || coalesce(t0."a_json"::text, 'null') || ',"someBytes":' || coalesce('"' || translate(encode(t0."some_bytes", 'base64'), E'\n', '') || '"', 'null') || '}', ','), '') || ']'
  FROM 
(SELECT t0."id", t0."an_int", t0."a_bigint", t0."a_float", t0."a_price", t0."a_decimal", t0."a_text", t0."a_bool", t0."a_datetime", t0."a_naive", t0."a_date", t0."a_time", t0."a_duration", t0."a_uuid", t0."a_mood", t0."a_json", t0."some_bytes"
  FROM "thing" AS t0
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || '}')::varchar
