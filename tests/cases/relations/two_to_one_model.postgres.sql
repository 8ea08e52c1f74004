SELECT ('{"people":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t0."name")::text || ',"sent":' || 
(SELECT '[' || coalesce(string_agg('{"text":' || to_json(t1."text")::text || ',"recipient":' || coalesce(
(SELECT '{"name":' || to_json(t2."name")::text || '}'
  FROM "person" AS t2
  WHERE t2."id" = t1."recipient_id"
  LIMIT 1), 'null') || '}', ','), '') || ']'
  FROM 
(SELECT t1."text", t1."recipient_id"
  FROM "message" AS t1
  WHERE t1."sender_id" = t0."id" AND ((t1."sender_id" = $1::int8) OR (t1."recipient_id" = $1::int8))
  ORDER BY t1."id"
  LIMIT 1000) AS t1) || ',"received":' || 
(SELECT '[' || coalesce(string_agg('{"text":' || to_json(t3."text")::text || '}', ','), '') || ']'
  FROM 
(SELECT t3."text"
  FROM "message" AS t3
  WHERE t3."recipient_id" = t0."id" AND ((t3."sender_id" = $1::int8) OR (t3."recipient_id" = $1::int8))
  ORDER BY t3."id"
  LIMIT 1000) AS t3) || '}', ','), '') || ']'
  FROM 
(SELECT t0."name", t0."id"
  FROM "person" AS t0
  ORDER BY t0."id"
  LIMIT 1000) AS t0) || '}')::varchar
