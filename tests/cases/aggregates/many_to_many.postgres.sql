SELECT ('{"notes":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"tagsAggregate":' || '{"aggregate":' || 
(SELECT '{"count":' || t3.g0::text || '}'
  FROM 
(SELECT count(*) AS g0
  FROM 
(SELECT 1
  FROM "tag" AS t1 JOIN "notetag" AS t2 ON t2."tag_id" = t1."id"
  WHERE t2."note_id" = t0."id" AND (NOT t2."secret")) AS t1) AS t3) || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t6
  WHERE t6."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t7
  WHERE t7."team_id" = t6."id" AND (t7."person_id" = $1::int8)))) AND (
(SELECT count(*)
  FROM "tag" AS t8 JOIN "notetag" AS t9 ON t9."tag_id" = t8."id"
  WHERE t9."note_id" = t0."id" AND (NOT t9."secret")) > $2::int4)
  ORDER BY 
(SELECT count(*)
  FROM "tag" AS t4 JOIN "notetag" AS t5 ON t5."tag_id" = t4."id"
  WHERE t5."note_id" = t0."id" AND (NOT t5."secret")) DESC NULLS FIRST, t0."id"
  LIMIT 1000) AS t0) || '}')::varchar
