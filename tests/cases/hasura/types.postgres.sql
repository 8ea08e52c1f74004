SELECT ('{"thing":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"a_uuid":' || coalesce('"' || t0."a_uuid" || '"', 'null') || '}', ','), '') || ']'
  FROM 
(SELECT t0."id", t0."a_uuid"
  FROM "thing" AS t0
  WHERE (t0."a_datetime" = $1::timestamptz) AND (t0."a_price" = $2::numeric) AND (NOT (t0."an_int" IS NULL))
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || '}')::varchar
