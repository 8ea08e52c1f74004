SELECT hedgerow_rows.hedgerow_n, '{"0":' || t0."id"::text || '}'
  FROM unnest($1::text[]) WITH ORDINALITY AS hedgerow_rows(hedgerow_0, hedgerow_n) JOIN "category" AS t0 ON t0."name" = hedgerow_rows.hedgerow_0
SELECT '{"0":' || t0."id"::text || '}', ((1 = 1)) IS TRUE, ((1 = 1)) IS TRUE
  FROM "category" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  ORDER BY t0."id"
  LIMIT 2147483649
INSERT INTO "category" ("name") VALUES ($1::text) ON CONFLICT ("name") DO NOTHING
  RETURNING '{"0":' || "id"::text || ',"1":' || to_json("name")::text || '}'
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"name":' || to_json(t0."name")::text || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."name", t0."id"
  FROM "category" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
