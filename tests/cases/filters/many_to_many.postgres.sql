SELECT ('{"notes":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t1
  WHERE t1."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t2
  WHERE t2."team_id" = t1."id" AND (t2."person_id" = $1::int8)))) AND EXISTS 
(SELECT 1
  FROM "tag" AS t3 JOIN "notetag" AS t4 ON t4."tag_id" = t3."id"
  WHERE t4."note_id" = t0."id" AND (NOT t4."secret") AND (t3."word" = $2::text))
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || '}')::varchar
