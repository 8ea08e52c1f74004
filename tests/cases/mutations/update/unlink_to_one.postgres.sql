SELECT '{"0":' || t0."id"::text || ',"1":' || t0."version"::text || ',"2":' || coalesce(t0."category_id"::text, 'null') || '}'
  FROM "product" AS t0
  WHERE (t0."id" = $1::int4)
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
UPDATE "product" AS t0
  SET "category_id" = $1::int4, "changed_on" = $2::text::date, "version" = t0."version" + $3::int4
  WHERE (t0."id" = ANY ($4::int4[]))
  RETURNING '{"0":' || "id"::text || ',"1":' || "version"::text || '}'
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t0."name")::text || ',"category":' || coalesce(
(SELECT '{"name":' || to_json(t1."name")::text || '}'
  FROM "category" AS t1
  WHERE t1."id" = t0."category_id"
  LIMIT 1), 'null') || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."name", t0."category_id", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
