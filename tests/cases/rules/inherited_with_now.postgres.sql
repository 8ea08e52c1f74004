SELECT ('{"notes":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  WHERE ((t0."created_at" > ($1::timestamptz - $2::interval)) OR t0."public")
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || '}')::varchar
