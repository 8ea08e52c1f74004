INSERT INTO "category" ("name", "parent_id") VALUES ($1::text, $2::int4)
  RETURNING '{"0":' || "id"::text || '}'
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"name":' || to_json(t0."name")::text || ',"parent":' || coalesce(
(SELECT '{"name":' || to_json(t1."name")::text || '}'
  FROM "category" AS t1
  WHERE t1."id" = t0."parent_id"
  LIMIT 1), 'null') || ',"children":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t2."name")::text || '}', ','), '') || ']'
  FROM 
(SELECT t2."name"
  FROM "category" AS t2
  WHERE t2."parent_id" = t0."id"
  ORDER BY t2."id"
  LIMIT 1000) AS t2) || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id", t0."name", t0."parent_id"
  FROM "category" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
