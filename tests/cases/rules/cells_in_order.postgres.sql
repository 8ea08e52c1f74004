SELECT ('{"people":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t0."name")::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."name"
  FROM "person" AS t0
  ORDER BY (CASE WHEN (t0."id" = $1::int8) THEN t0."email" END) COLLATE "C" DESC NULLS LAST, t0."id"
  LIMIT 1000) AS t0) || '}')::varchar
