SELECT ('{"message":' || coalesce(
(SELECT '{"text":' || to_json(t0."text")::text || ',"sender":' || coalesce(
(SELECT '{"name":' || to_json(t1."name")::text || '}'
  FROM "person" AS t1
  WHERE t1."id" = t0."sender_id"
  LIMIT 1), 'null') || '}'
  FROM "message" AS t0
  WHERE ((t0."sender_id" = $1::int8) OR (t0."recipient_id" = $1::int8)) AND (t0."id" = $2::uuid)
  LIMIT 1), 'null') || '}')::varchar
