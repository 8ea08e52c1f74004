SELECT ('{"invoice":' || coalesce(
(SELECT '{"amount":' || '"' || t0."amount" || '"' || '}'
  FROM "sales"."bills" AS t0
  WHERE (t0."customer_id" = $1::int8) AND (t0."number" = $2::text)
  LIMIT 1), 'null') || '}')::varchar
