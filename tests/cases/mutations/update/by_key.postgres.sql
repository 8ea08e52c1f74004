SELECT '{"0":' || t0."id"::text || ',"1":' || t0."version"::text || '}'
  FROM "product" AS t0
  WHERE (t0."id" = $1::int4)
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
UPDATE "product" AS t0
  SET "price" = $1::numeric, "weight" = $2::float8, "changed_on" = $3::text::date, "version" = t0."version" + $4::int4
  WHERE (t0."id" = ANY ($5::int4[]))
  RETURNING '{"0":' || "id"::text || ',"1":' || "version"::text || '}'
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"price":' || '"' || t0."price" || '"' || ',"weight":' || coalesce(CASE WHEN t0."weight" - t0."weight" = 0 THEN (t0."weight" + 0)::text END, 'null') || ',"version":' || t0."version"::text || ',"changedOn":' || coalesce(to_json(t0."changed_on")::text, 'null') || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id", t0."price", t0."weight", t0."version", t0."changed_on"
  FROM "product" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
