SELECT hedgerow_rows.hedgerow_n, '{"0":' || t0."id"::text || '}'
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS hedgerow_rows(hedgerow_0, hedgerow_1, hedgerow_n) JOIN "product" AS t0 ON t0."name" = hedgerow_rows.hedgerow_0 AND t0."size" = hedgerow_rows.hedgerow_1
SELECT '{"0":' || t0."id"::text || '}'
  FROM "product" AS t0
  WHERE ((t0."id" = ANY ($1::int4[])) AND (t0."stock" > $2::int4))
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
UPDATE "product" AS t0
  SET "price" = hedgerow_rows.hedgerow_1, "changed_on" = hedgerow_rows.hedgerow_2, "version" = t0."version" + 1
  FROM unnest($1::int4[], $2::numeric[], $3::text[]::date[]) WITH ORDINALITY AS hedgerow_rows(hedgerow_0, hedgerow_1, hedgerow_2, hedgerow_n)
  WHERE t0."id" = hedgerow_rows.hedgerow_0
SELECT '{"0":' || t0."id"::text || '}', ((1 = 1)) IS TRUE, ((1 = 1)) IS TRUE
  FROM "product" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  ORDER BY t0."id"
  LIMIT 2147483649
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"size":' || to_json(t0."size")::text || ',"price":' || '"' || t0."price" || '"' || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."size", t0."price", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
