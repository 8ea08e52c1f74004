SELECT ('{"invoices":' || 
(SELECT '[' || coalesce(string_agg('{"number":' || to_json(t0."number")::text || ',"amount":' || '"' || t0."amount" || '"' || ',"customer":' || coalesce(
(SELECT '{"name":' || to_json(t1."name")::text || '}'
  FROM "person" AS t1
  WHERE t1."id" = t0."customer_id"
  LIMIT 1), 'null') || '}', ','), '') || ']'
  FROM 
(SELECT t0."number", t0."amount", t0."customer_id"
  FROM "sales"."bills" AS t0
  WHERE (t0."customer_id" = $1::int8)
  ORDER BY t0."number" COLLATE "C"
  LIMIT 1000) AS t0) || '}')::varchar
