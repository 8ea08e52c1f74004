SELECT ('{"anInt":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "thing" AS t0
  WHERE (t0."an_int" = ANY ($1::int4[]))
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || ',"aBigint":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t1."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t1."id"
  FROM "thing" AS t1
  WHERE (t1."a_bigint" = ANY ($2::int8[]))
  ORDER BY t1."id"
  LIMIT 1000) AS t1) || ',"aFloat":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t2."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t2."id"
  FROM "thing" AS t2
  WHERE (t2."a_float" = ANY ($3::float8[]))
  ORDER BY t2."id"
  LIMIT 1000) AS t2) || ',"aPrice":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t3."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t3."id"
  FROM "thing" AS t3
  WHERE (t3."a_price" = ANY ($4::numeric[]))
  ORDER BY t3."id"
  LIMIT 1000) AS t3) || ',"aDecimal":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t4."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t4."id"
  FROM "thing" AS t4
  WHERE (t4."a_decimal" = ANY ($5::numeric[]))
  ORDER BY t4."id"
  LIMIT 1000) AS t4) || ',"aBool":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t5."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t5."id"
  FROM "thing" AS t5
  WHERE (t5."a_bool" = ANY ($6::bool[]))
  ORDER BY t5."id"
  LIMIT 1000) AS t5) || ',"aDatetime":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t6."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t6."id"
  FROM "thing" AS t6
  WHERE (t6."a_datetime" = ANY ($7::timestamptz[]))
  ORDER BY t6."id"
  LIMIT 1000) AS t6) || ',"aNaive":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t7."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t7."id"
  FROM "thing" AS t7
  WHERE (t7."a_naive" = ANY ($8::timestamp[]))
  ORDER BY t7."id"
  LIMIT 1000) AS t7) || ',"aDate":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t8."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t8."id"
  FROM "thing" AS t8
  WHERE (t8."a_date" = ANY ($9::text[]::date[]))
  ORDER BY t8."id"
  LIMIT 1000) AS t8) || ',"aTime":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t9."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t9."id"
  FROM "thing" AS t9
  WHERE (t9."a_time" = ANY ($10::time[]))
  ORDER BY t9."id"
  LIMIT 1000) AS t9) || ',"aDuration":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t10."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t10."id"
  FROM "thing" AS t10
  WHERE (t10."a_duration" = ANY ($11::interval[]))
  ORDER BY t10."id"
  LIMIT 1000) AS t10) || ',"aUuid":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t11."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t11."id"
  FROM "thing" AS t11
  WHERE (t11."a_uuid" = ANY ($12::uuid[]))
  ORDER BY t11."id"
  LIMIT 1000) AS t11) || ',"aMood":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t12."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t12."id"
  FROM "thing" AS t12
  WHERE (t12."a_mood" = ANY ($13::text[]::"mood"[]))
  ORDER BY t12."id"
  LIMIT 1000) AS t12) || ',"someBytes":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t13."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t13."id"
  FROM "thing" AS t13
  WHERE (t13."some_bytes" = ANY ($14::bytea[]))
  ORDER BY t13."id"
  LIMIT 1000) AS t13) || '}')::varchar
