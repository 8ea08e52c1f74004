SELECT ('{"anInt":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "thing" AS t0
  WHERE (t0."an_int" < $1::int4)
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || ',"aBigint":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t1."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t1."id"
  FROM "thing" AS t1
  WHERE (t1."a_bigint" < $2::int8)
  ORDER BY t1."id"
  LIMIT 1000) AS t1) || ',"aFloat":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t2."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t2."id"
  FROM "thing" AS t2
  WHERE (t2."a_float" < $3::float8)
  ORDER BY t2."id"
  LIMIT 1000) AS t2) || ',"aPrice":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t3."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t3."id"
  FROM "thing" AS t3
  WHERE (t3."a_price" < $4::numeric)
  ORDER BY t3."id"
  LIMIT 1000) AS t3) || ',"aDecimal":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t4."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t4."id"
  FROM "thing" AS t4
  WHERE (t4."a_decimal" < $5::numeric)
  ORDER BY t4."id"
  LIMIT 1000) AS t4) || ',"aDatetime":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t5."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t5."id"
  FROM "thing" AS t5
  WHERE (t5."a_datetime" < $6::timestamptz)
  ORDER BY t5."id"
  LIMIT 1000) AS t5) || ',"aNaive":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t6."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t6."id"
  FROM "thing" AS t6
  WHERE (t6."a_naive" < $7::timestamp)
  ORDER BY t6."id"
  LIMIT 1000) AS t6) || ',"aDate":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t7."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t7."id"
  FROM "thing" AS t7
  WHERE (t7."a_date" < $8::text::date)
  ORDER BY t7."id"
  LIMIT 1000) AS t7) || ',"aTime":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t8."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t8."id"
  FROM "thing" AS t8
  WHERE (t8."a_time" < $9::time)
  ORDER BY t8."id"
  LIMIT 1000) AS t8) || ',"aDuration":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t9."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t9."id"
  FROM "thing" AS t9
  WHERE (t9."a_duration" < $10::interval)
  ORDER BY t9."id"
  LIMIT 1000) AS t9) || ',"aUuid":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t10."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t10."id"
  FROM "thing" AS t10
  WHERE (t10."a_uuid" < $11::uuid)
  ORDER BY t10."id"
  LIMIT 1000) AS t10) || '}')::varchar
