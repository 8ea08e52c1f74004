SELECT '{"0":' || t0."id"::text || '}'
  FROM "purchase" AS t0
  WHERE ((t0."customer_id" = $1::int8) AND (t0."id" = $2::int4) AND (t0."state" = $3::text::"state"))
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
UPDATE "purchase" AS t0
  SET "state" = $1::text::"state"
  WHERE (t0."id" = ANY ($2::int4[]))
  RETURNING '{"0":' || "id"::text || '}'
SELECT count(*)
  FROM "purchase" AS t0
  WHERE ((t0."id" = ANY ($1::int4[])) AND (t0."customer_id" = $2::int8) AND (t0."state" IN ($3::text::"state", $4::text::"state")))
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"state":' || '"' || t0."state" || '"' || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id", t0."state"
  FROM "purchase" AS t0
  WHERE (t0."customer_id" = $1::int8) AND (t0."id" = ANY ($2::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
