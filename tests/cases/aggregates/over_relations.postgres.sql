SELECT ('{"teams":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"notesAggregate":' || '{"aggregate":' || 
(SELECT '{"count":' || t2.g0::text || ',"max":' || '{"score":' || coalesce(CASE WHEN t2.g1 - t2.g1 = 0 THEN (t2.g1 + 0)::text END, 'null') || '}' || '}'
  FROM 
(SELECT count(*) AS g0, max((CASE WHEN t1."hedgerow_0" THEN t1."score" END)) AS g1
  FROM 
(SELECT t1."score", EXISTS 
(SELECT 1
  FROM "team" AS t3
  WHERE t3."id" = t1."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t4
  WHERE t4."team_id" = t3."id" AND (t4."person_id" = $1::int8))) AS "hedgerow_0"
  FROM "note" AS t1
  WHERE t1."team_id" = t0."id" AND (t1."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t5
  WHERE t5."id" = t1."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t6
  WHERE t6."team_id" = t5."id" AND (t6."person_id" = $1::int8)))) AND EXISTS 
(SELECT 1
  FROM "team" AS t7
  WHERE t7."id" = t1."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t8
  WHERE t8."team_id" = t7."id" AND (t8."person_id" = $1::int8))) AND (NOT (t1."score" IS NULL))) AS t1) AS t2) || ',"nodes":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t1."id"::text || ',"tagsAggregate":' || '{"aggregate":' || 
(SELECT '{"count":' || t11.g0::text || '}'
  FROM 
(SELECT count(*) AS g0
  FROM 
(SELECT 1
  FROM "tag" AS t9 JOIN "notetag" AS t10 ON t10."tag_id" = t9."id"
  WHERE t10."note_id" = t1."id" AND (NOT t10."secret")) AS t9) AS t11) || ',"nodes":' || 
(SELECT '[' || coalesce(string_agg('{"word":' || to_json(t9."word")::text || '}', ','), '') || ']'
  FROM 
(SELECT t9."word"
  FROM "tag" AS t9 JOIN "notetag" AS t10 ON t10."tag_id" = t9."id"
  WHERE t10."note_id" = t1."id" AND (NOT t10."secret")
  ORDER BY t9."id"
  LIMIT 1000) AS t9) || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t1."id"
  FROM "note" AS t1
  WHERE t1."team_id" = t0."id" AND (t1."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t12
  WHERE t12."id" = t1."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t13
  WHERE t13."team_id" = t12."id" AND (t13."person_id" = $1::int8)))) AND EXISTS 
(SELECT 1
  FROM "team" AS t14
  WHERE t14."id" = t1."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t15
  WHERE t15."team_id" = t14."id" AND (t15."person_id" = $1::int8))) AND (NOT (t1."score" IS NULL))
  ORDER BY t1."id"
  LIMIT 1000) AS t1) || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "team" AS t0
  WHERE EXISTS 
(SELECT 1
  FROM "membership" AS t16
  WHERE t16."team_id" = t0."id" AND (t16."person_id" = $1::int8))
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || '}')::varchar
