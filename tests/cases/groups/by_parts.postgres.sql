SELECT ('{"thingsAggregate":' || '{"groups":' || 
(SELECT '[' || coalesce(string_agg('{"key":' || '{"aDatetime":' || '{"year":' || coalesce(t1.g0::text, 'null') || ',"quarter":' || coalesce(t1.g1::text, 'null') || ',"month":' || coalesce(t1.g2::text, 'null') || ',"day":' || coalesce(t1.g3::text, 'null') || ',"weekYear":' || coalesce(t1.g4::text, 'null') || ',"week":' || coalesce(t1.g5::text, 'null') || ',"weekday":' || coalesce(t1.g6::text, 'null') || ',"hour":' || coalesce(t1.g7::text, 'null') || ',"minute":' || coalesce(t1.g8::text, 'null') || ',"date":' || coalesce(to_json(t1.g9)::text, 'null') || '}' || ',"aNaive":' || '{"year":' || coalesce(t1.g10::text, 'null') || ',"value":' || coalesce(to_json(t1.g11)::text, 'null') || '}' || ',"aDate":' || '{"week":' || coalesce(t1.g12::text, 'null') || ',"weekYear":' || coalesce(t1.g13::text, 'null') || ',"value":' || coalesce(to_json(t1.g14)::text, 'null') || '}' || ',"aTime":' || '{"hour":' || coalesce(t1.g15::text, 'null') || ',"minute":' || coalesce(t1.g16::text, 'null') || ',"__typename":"TimeKey"}' || '}' || ',"aggregate":' || '{"count":' || t1.g17::text || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t0."hedgerow_0" AS g0, t0."hedgerow_1" AS g1, t0."hedgerow_2" AS g2, t0."hedgerow_3" AS g3, t0."hedgerow_4" AS g4, t0."hedgerow_5" AS g5, t0."hedgerow_6" AS g6, t0."hedgerow_7" AS g7, t0."hedgerow_8" AS g8, t0."hedgerow_9" AS g9, t0."hedgerow_10" AS g10, t0."a_naive" AS g11, t0."hedgerow_11" AS g12, t0."hedgerow_12" AS g13, t0."a_date" AS g14, t0."hedgerow_13" AS g15, t0."hedgerow_14" AS g16, count(*) AS g17
  FROM 
(SELECT t0."a_naive", t0."a_date", extract(year
  FROM t0."a_datetime")::int4 AS "hedgerow_0", extract(quarter
  FROM t0."a_datetime")::int4 AS "hedgerow_1", extract(month
  FROM t0."a_datetime")::int4 AS "hedgerow_2", extract(day
  FROM t0."a_datetime")::int4 AS "hedgerow_3", extract(isoyear
  FROM t0."a_datetime")::int4 AS "hedgerow_4", extract(week
  FROM t0."a_datetime")::int4 AS "hedgerow_5", extract(isodow
  FROM t0."a_datetime")::int4 AS "hedgerow_6", extract(hour
  FROM t0."a_datetime")::int4 AS "hedgerow_7", extract(minute
  FROM t0."a_datetime")::int4 AS "hedgerow_8", (t0."a_datetime")::date AS "hedgerow_9", extract(year
  FROM t0."a_naive")::int4 AS "hedgerow_10", extract(week
  FROM t0."a_date")::int4 AS "hedgerow_11", extract(isoyear
  FROM t0."a_date")::int4 AS "hedgerow_12", extract(hour
  FROM t0."a_time")::int4 AS "hedgerow_13", extract(minute
  FROM t0."a_time")::int4 AS "hedgerow_14"
  FROM "thing" AS t0) AS t0 GROUP BY t0."hedgerow_0", t0."hedgerow_1", t0."hedgerow_2", t0."hedgerow_3", t0."hedgerow_4", t0."hedgerow_5", t0."hedgerow_6", t0."hedgerow_7", t0."hedgerow_8", t0."hedgerow_9", t0."hedgerow_10", t0."a_naive", t0."hedgerow_11", t0."hedgerow_12", t0."a_date", t0."hedgerow_13", t0."hedgerow_14"
  ORDER BY t0."hedgerow_0" NULLS LAST, t0."hedgerow_1" NULLS LAST, t0."hedgerow_2" NULLS LAST, t0."hedgerow_3" NULLS LAST, t0."hedgerow_4" NULLS LAST, t0."hedgerow_5" NULLS LAST, t0."hedgerow_6" NULLS LAST, t0."hedgerow_7" NULLS LAST, t0."hedgerow_8" NULLS LAST, t0."hedgerow_9" NULLS LAST, t0."hedgerow_10" NULLS LAST, t0."a_naive" NULLS LAST, t0."hedgerow_11" NULLS LAST, t0."hedgerow_12" NULLS LAST, t0."a_date" NULLS LAST, t0."hedgerow_13" NULLS LAST, t0."hedgerow_14" NULLS LAST
  LIMIT 1000) AS t1) || '}' || '}')::varchar
