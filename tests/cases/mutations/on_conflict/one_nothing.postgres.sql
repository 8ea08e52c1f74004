SELECT hedgerow_rows.hedgerow_n, '{"0":' || t0."id"::text || '}'
  FROM unnest($1::text[]) WITH ORDINALITY AS hedgerow_rows(hedgerow_0, hedgerow_n) JOIN "category" AS t0 ON t0."name" = hedgerow_rows.hedgerow_0
SELECT '{"0":' || t0."id"::text || '}', ((1 = 1)) IS TRUE, ((1 = 1)) IS TRUE
  FROM "category" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  ORDER BY t0."id"
  LIMIT 2147483649
