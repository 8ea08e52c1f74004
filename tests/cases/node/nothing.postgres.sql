SELECT ('{"hidden":' || coalesce(
(SELECT '{"nodeId":' || '"' || translate(encode(convert_to('["Note",' || t0."id"::text || ']', 'UTF8'), 'base64'), E'\n', '') || '"' || '}'
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t1
  WHERE t1."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t2
  WHERE t2."team_id" = t1."id" AND (t2."person_id" = $1::int8)))) AND (t0."id" = $2::int4)
  LIMIT 1), 'null') || ',"table":null,"type":' || coalesce(
(SELECT '{"nodeId":' || '"' || translate(encode(convert_to('["Note",' || t3."id"::text || ']', 'UTF8'), 'base64'), E'\n', '') || '"' || '}'
  FROM "note" AS t3
  WHERE (t3."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t4
  WHERE t4."id" = t3."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t5
  WHERE t5."team_id" = t4."id" AND (t5."person_id" = $1::int8)))) AND (t3."id" = $3::int4)
  LIMIT 1), 'null') || ',"many":null}')::varchar
