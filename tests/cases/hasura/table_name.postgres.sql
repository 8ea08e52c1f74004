SELECT ('{"sales_bills":' || 
(SELECT '[' || coalesce(string_agg('{"number":' || to_json(t0."number")::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."number"
  FROM "sales"."bills" AS t0
  WHERE (t0."customer_id" = $1::int8)
  ORDER BY t0."number" COLLATE "C"
  LIMIT 1000) AS t0) || ',"sales_bills_by_pk":' || coalesce(
(SELECT '{"amount":' || '"' || t1."amount" || '"' || '}'
  FROM "sales"."bills" AS t1
  WHERE (t1."customer_id" = $1::int8) AND (t1."number" = $2::text)
  LIMIT 1), 'null') || '}')::varchar
