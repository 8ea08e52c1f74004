SELECT '{"0":' || t0."id"::text || '}'
  FROM "purchase" AS t0
  WHERE ((t0."customer_id" = $1::int8) AND (t0."state" = $2::text::"state"))
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
UPDATE "purchase" AS t0
  SET "note" = $1::text
  WHERE (t0."id" = ANY ($2::int4[]))
  RETURNING '{"0":' || "id"::text || '}'
SELECT count(*)
  FROM "purchase" AS t0
  WHERE ((t0."id" = ANY ($1::int4[])) AND (t0."customer_id" = $2::int8) AND (t0."state" IN ($3::text::"state", $4::text::"state")))
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"note":' || coalesce(to_json(t0."note")::text, 'null') || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id", t0."note"
  FROM "purchase" AS t0
  WHERE (t0."customer_id" = $1::int8) AND (t0."id" = ANY ($2::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
