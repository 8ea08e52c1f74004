SELECT '{"0":' || t0."id"::text || '}'
  FROM "customer" AS t0
  WHERE (t0."id" = $1::int8)
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
UPDATE "customer" AS t0
  SET "city" = $1::text
  WHERE (t0."id" = ANY ($2::int4[]))
  RETURNING '{"0":' || "id"::text || '}'
SELECT count(*)
  FROM "customer" AS t0
  WHERE ((t0."id" = ANY ($1::int4[])) AND (t0."id" = $2::int8))
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"name":' || to_json(t0."name")::text || ',"city":' || coalesce(to_json((CASE WHEN t0."hedgerow_0" THEN t0."city" END))::text, 'null') || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id", t0."name", t0."city", (t0."id" = $1::int8) AS "hedgerow_0"
  FROM "customer" AS t0
  WHERE (t0."id" = ANY ($2::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
