SELECT ('{"teams":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t0."name")::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."name"
  FROM "team" AS t0
  ORDER BY t0."name" COLLATE "C", t0."id"
  LIMIT 1000) AS t0) || ',"people":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t1."name")::text || '}', ','), '') || ']'
  FROM 
(SELECT t1."name"
  FROM "person" AS t1
  ORDER BY t1."name" COLLATE "C" DESC, t1."id"
  LIMIT 1000) AS t1) || '}')::varchar
