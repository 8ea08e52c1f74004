SELECT '{"0":' || t0."id"::text || ',"1":' || t0."version"::text || '}'
  FROM "product" AS t0
  WHERE (t0."name" = $1::text)
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
UPDATE "product" AS t0
  SET "price" = $1::numeric, "stock" = t0."stock" + $2::int4, "details" = (nullif(t0."details"::jsonb, 'null'::jsonb) || nullif($3::jsonb::jsonb, 'null'::jsonb))::json, "changed_on" = $4::text::date, "version" = t0."version" + $5::int4
  WHERE (t0."id" = ANY ($6::int4[]))
  RETURNING '{"0":' || "id"::text || ',"1":' || "stock"::text || ',"2":' || "version"::text || ',"3":' || coalesce("details"::text, 'null') || '}'
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"id":' || t0."id"::text || ',"price":' || '"' || t0."price" || '"' || ',"stock":' || t0."stock"::text || ',"details":' || coalesce(t0."details"::text, 'null') || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."id", t0."price", t0."stock", t0."details"
  FROM "product" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
