SELECT ('{"teams":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"notesConnection":' || '{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"n0":' || '{"id":' || t1."id"::text || '}' || ',"n1":' || '{"title":' || to_json(t1."title")::text || ',"tagsConnection":' || '{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"n0":' || '{"word":' || to_json(t2."word")::text || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t2."word"
  FROM "tag" AS t2 JOIN "notetag" AS t3 ON t3."tag_id" = t2."id"
  WHERE t3."note_id" = t1."id" AND (NOT t3."secret")
  ORDER BY t2."id"
  LIMIT 1000 + 1) AS t2) || ',"total":' || 
(SELECT count(*)
  FROM "tag" AS t2 JOIN "notetag" AS t3 ON t3."tag_id" = t2."id"
  WHERE t3."note_id" = t1."id" AND (NOT t3."secret"))::text || '}' || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t1."id", t1."title"
  FROM "note" AS t1
  WHERE t1."team_id" = t0."id" AND (t1."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t4
  WHERE t4."id" = t1."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t5
  WHERE t5."team_id" = t4."id" AND (t5."person_id" = $2::int8)))) AND EXISTS 
(SELECT 1
  FROM "team" AS t6
  WHERE t6."id" = t1."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t7
  WHERE t7."team_id" = t6."id" AND (t7."person_id" = $2::int8)))
  ORDER BY t1."id"
  LIMIT $1::int4 + 1) AS t1) || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "team" AS t0
  WHERE EXISTS 
(SELECT 1
  FROM "membership" AS t8
  WHERE t8."team_id" = t0."id" AND (t8."person_id" = $2::int8))
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || '}')::varchar
