SELECT ('{"note":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"created_at":' || coalesce(to_json((CASE WHEN t0."hedgerow_0" THEN t0."created_at" END))::text, 'null') || ',"team":' || coalesce(
(SELECT '{"name":' || to_json(t1."name")::text || '}'
  FROM "team" AS t1
  WHERE t1."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t2
  WHERE t2."team_id" = t1."id" AND (t2."person_id" = $1::int8)) AND EXISTS 
(SELECT 1
  FROM "team" AS t3
  WHERE t3."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t4
  WHERE t4."team_id" = t3."id" AND (t4."person_id" = $1::int8)))
  LIMIT 1), 'null') || ',"author":' || coalesce(
(SELECT '{"name":' || to_json(t5."name")::text || '}'
  FROM "person" AS t5
  WHERE t5."id" = t0."author_id" AND EXISTS 
(SELECT 1
  FROM "team" AS t6
  WHERE t6."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t7
  WHERE t7."team_id" = t6."id" AND (t7."person_id" = $1::int8)))
  LIMIT 1), 'null') || '}', ','), '') || ']'
  FROM 
(SELECT t0."id", t0."created_at", t0."team_id", t0."author_id", EXISTS 
(SELECT 1
  FROM "team" AS t8
  WHERE t8."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t9
  WHERE t9."team_id" = t8."id" AND (t9."person_id" = $1::int8))) AS "hedgerow_0"
  FROM "note" AS t0 JOIN "team" AS t14 ON t14."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t15
  WHERE t15."team_id" = t14."id" AND (t15."person_id" = $1::int8)) AND EXISTS 
(SELECT 1
  FROM "team" AS t16
  WHERE t16."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t17
  WHERE t17."team_id" = t16."id" AND (t17."person_id" = $1::int8))) AND (translate(lower(t14."name" COLLATE "und-x-icu"), 'ς', 'σ') LIKE translate(lower($2::text COLLATE "und-x-icu"), 'ς', 'σ'))
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t12
  WHERE t12."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t13
  WHERE t13."team_id" = t12."id" AND (t13."person_id" = $1::int8)))) AND (t0."id" = ANY ($3::int4[]))
  ORDER BY (CASE WHEN EXISTS 
(SELECT 1
  FROM "team" AS t10
  WHERE t10."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t11
  WHERE t11."team_id" = t10."id" AND (t11."person_id" = $1::int8))) THEN t0."created_at" END) DESC NULLS LAST, t0."id"
  LIMIT $4::int4) AS t0) || '}')::varchar
