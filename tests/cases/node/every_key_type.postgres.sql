SELECT ('{"messages":' || 
(SELECT '[' || coalesce(string_agg('{"nodeId":' || '"' || translate(encode(convert_to('["Message",' || '"' || t0."id" || '"' || ']', 'UTF8'), 'base64'), E'\n', '') || '"' || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "message" AS t0
  WHERE ((t0."sender_id" = $1::int8) OR (t0."recipient_id" = $1::int8))
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || ',"invoices":' || 
(SELECT '[' || coalesce(string_agg('{"nodeId":' || '"' || translate(encode(convert_to('["Invoice",' || to_json(t1."number")::text || ']', 'UTF8'), 'base64'), E'\n', '') || '"' || ',"number":' || to_json(t1."number")::text || '}', ','), '') || ']'
  FROM 
(SELECT t1."number"
  FROM "sales"."bills" AS t1
  WHERE (t1."customer_id" = $1::int8)
  ORDER BY t1."number" COLLATE "C"
  LIMIT 1000) AS t1) || ',"memberships":' || 
(SELECT '[' || coalesce(string_agg('{"nodeId":' || '"' || translate(encode(convert_to('["Membership",' || t2."team_id"::text || ',' || t2."person_id"::text || ']', 'UTF8'), 'base64'), E'\n', '') || '"' || '}', ','), '') || ']'
  FROM 
(SELECT t2."team_id", t2."person_id"
  FROM "membership" AS t2
  WHERE EXISTS 
(SELECT 1
  FROM "team" AS t3
  WHERE t3."id" = t2."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t4
  WHERE t4."team_id" = t3."id" AND (t4."person_id" = $1::int8)))
  ORDER BY t2."team_id", t2."person_id"
  LIMIT $2::int4) AS t2) || '}')::varchar
