SELECT '{"0":' || t0."id"::text || '}', ((1 = 0)) IS TRUE, ((1 = 1)) IS TRUE
  FROM "category" AS t0
  WHERE (t0."id" = $1::int4)
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
SELECT '{"0":' || t0."id"::text || ',"1":' || t0."version"::text || '}'
  FROM "product" AS t0
  WHERE ((t0."category_id" = ANY ($1::int4[])) AND (t0."id" = ANY ($2::int4[])))
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
UPDATE "product" AS t0
  SET "category_id" = $1::int4, "changed_on" = $2::text::date, "version" = t0."version" + $3::int4
  WHERE (t0."id" = ANY ($4::int4[]))
  RETURNING '{"0":' || "id"::text || ',"1":' || "version"::text || '}'
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t0."name")::text || ',"products":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t1."id"::text || ',"name":' || to_json(t1."name")::text || '}', ','), '') || ']'
  FROM 
(SELECT t1."id", t1."name"
  FROM "product" AS t1
  WHERE t1."category_id" = t0."id"
  ORDER BY t1."id"
  LIMIT 1000) AS t1) || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."name", t0."id"
  FROM "category" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
