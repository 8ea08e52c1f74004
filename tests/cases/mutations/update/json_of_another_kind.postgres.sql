SELECT '{"0":' || t0."id"::text || ',"1":' || t0."version"::text || '}'
  FROM "product" AS t0
  WHERE (t0."id" = $1::int4)
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
UPDATE "product" AS t0
  SET "details" = (CASE WHEN jsonb_typeof(nullif(t0."details"::jsonb, 'null'::jsonb)) = 'array' THEN nullif(t0."details"::jsonb, 'null'::jsonb) - $1::int4 ELSE nullif(t0."details"::jsonb, 'null'::jsonb) END)::json, "changed_on" = $2::text::date, "version" = t0."version" + $3::int4
  WHERE (t0."id" = ANY ($4::int4[]))
  RETURNING '{"0":' || "id"::text || ',"1":' || "version"::text || ',"2":' || coalesce("details"::text, 'null') || '}'
SELECT ('{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"details":' || coalesce(t0."details"::text, 'null') || ',"key:id":' || t0."id"::text || '}', ','), '') || ']'
  FROM 
(SELECT t0."details", t0."id"
  FROM "product" AS t0
  WHERE (t0."id" = ANY ($1::int4[]))
  LIMIT 5000) AS t0) || '}')::varchar
