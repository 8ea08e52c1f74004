SELECT ('{"note":' || coalesce(
(SELECT '{"id":' || t0."id"::text || ',"notesOfTeam":' || coalesce(
(SELECT '{"notesConnection":' || '{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"n0":' || '{"id":' || t2."id"::text || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t2."id"
  FROM "note" AS t2
  WHERE t2."team_id" = t1."id" AND (t2."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t3
  WHERE t3."id" = t2."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t4
  WHERE t4."team_id" = t3."id" AND (t4."person_id" = $2::int8)))) AND EXISTS 
(SELECT 1
  FROM "team" AS t5
  WHERE t5."id" = t2."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t6
  WHERE t6."team_id" = t5."id" AND (t6."person_id" = $2::int8)))
  ORDER BY t2."id"
  LIMIT $1::int4 + 1) AS t2) || '}' || '}'
  FROM "team" AS t1
  WHERE t1."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t7
  WHERE t7."team_id" = t1."id" AND (t7."person_id" = $2::int8)) AND EXISTS 
(SELECT 1
  FROM "team" AS t8
  WHERE t8."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t9
  WHERE t9."team_id" = t8."id" AND (t9."person_id" = $2::int8)))
  LIMIT 1), 'null') || '}'
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t10
  WHERE t10."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t11
  WHERE t11."team_id" = t10."id" AND (t11."person_id" = $2::int8)))) AND (t0."id" = $3::int4)
  LIMIT 1), 'null') || ',"membership":' || coalesce(
(SELECT '{"nodeId":' || '"' || translate(encode(convert_to('["Membership",' || t12."team_id"::text || ',' || t12."person_id"::text || ']', 'UTF8'), 'base64'), E'\n', '') || '"' || ',"role":' || to_json(t12."role")::text || '}'
  FROM "membership" AS t12
  WHERE EXISTS 
(SELECT 1
  FROM "team" AS t13
  WHERE t13."id" = t12."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t14
  WHERE t14."team_id" = t13."id" AND (t14."person_id" = $2::int8))) AND (t12."team_id" = $4::int4) AND (t12."person_id" = $5::int4)
  LIMIT 1), 'null') || '}')::varchar
