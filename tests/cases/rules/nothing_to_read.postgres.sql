SELECT ('{"things":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "thing" AS t0
  ORDER BY t0."id"
  LIMIT $1::int4) AS t0) || '}')::varchar
