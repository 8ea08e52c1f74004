INSERT INTO "product" ("name", "size", "price", "stock", "details", "hidden", "made_on", "version") SELECT hedgerow_0, hedgerow_1, hedgerow_2, hedgerow_3, hedgerow_4, hedgerow_5, hedgerow_6, hedgerow_7
  FROM unnest($1::text[], $2::text[], $3::numeric[], $4::int4[], $5::jsonb[], $6::bool[], $7::text[]::date[], $8::int4[]) WITH ORDINALITY AS hedgerow_rows(hedgerow_0, hedgerow_1, hedgerow_2, hedgerow_3, hedgerow_4, hedgerow_5, hedgerow_6, hedgerow_7, hedgerow_n)
  WHERE true
  ORDER BY hedgerow_n
  RETURNING '{"0":' || "id"::text || '}'
-- Again, to tell what is wrong.
INSERT INTO "product" ("name", "size", "price", "stock", "details", "hidden", "made_on", "version") SELECT hedgerow_0, hedgerow_1, hedgerow_2, hedgerow_3, hedgerow_4, hedgerow_5, hedgerow_6, hedgerow_7
  FROM unnest($1::text[], $2::text[], $3::numeric[], $4::int4[], $5::jsonb[], $6::bool[], $7::text[]::date[], $8::int4[]) WITH ORDINALITY AS hedgerow_rows(hedgerow_0, hedgerow_1, hedgerow_2, hedgerow_3, hedgerow_4, hedgerow_5, hedgerow_6, hedgerow_7, hedgerow_n)
  WHERE true
  ORDER BY hedgerow_n
  RETURNING '{"0":' || "id"::text || '}'
SELECT max(t0."id")
  FROM "product" AS t0
