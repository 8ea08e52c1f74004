SELECT ('{"teams":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t0."name")::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."name"
  FROM "team" AS t0
  WHERE (t0."id" = ANY ($1::int8[]))
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || '}')::varchar
