SELECT ('{"things":' || 
(SELECT '[' || coalesce(string_agg('{"aMood":' || coalesce('"' || t0."a_mood" || '"', 'null') || '}', ','), '') || ']'
  FROM 
(SELECT t0."a_mood"
  FROM "thing" AS t0
  ORDER BY t0."a_mood"::text COLLATE "C" DESC NULLS LAST, t0."id"
  LIMIT 1000) AS t0) || '}')::varchar
