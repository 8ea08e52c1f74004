SELECT '{"0":' || t0."id"::text || ',"1":' || t0."version"::text || '}'
  FROM "product" AS t0
  WHERE (t0."id" = $1::int4)
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
UPDATE "product" AS t0
  SET "stock" = t0."stock" + $1::int4, "changed_on" = $2::text::date, "version" = t0."version" + $3::int4
  WHERE (t0."id" = ANY ($4::int4[]))
  RETURNING '{"0":' || "id"::text || ',"1":' || "stock"::text || ',"2":' || "version"::text || '}'
-- Again, to tell what is wrong.
SELECT '{"0":' || t0."id"::text || ',"1":' || t0."version"::text || '}'
  FROM "product" AS t0
  WHERE (t0."id" = $1::int4)
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
UPDATE "product" AS t0
  SET "stock" = t0."stock" + $1::int4, "changed_on" = $2::text::date, "version" = t0."version" + $3::int4
  WHERE (t0."id" = ANY ($4::int4[]))
  RETURNING '{"0":' || "id"::text || ',"1":' || "stock"::text || ',"2":' || "version"::text || '}'
SELECT '{"0":' || t0."id"::text || '}', '{"0":' || coalesce(t0."id"::text, 'null') || ',"1":' || coalesce(to_json(t0."name")::text, 'null') || ',"2":' || coalesce(to_json(t0."size")::text, 'null') || ',"3":' || coalesce('"' || t0."price" || '"', 'null') || ',"4":' || coalesce((t0."stock" + $1::int4)::text, 'null') || ',"5":' || coalesce(CASE WHEN t0."weight" - t0."weight" = 0 THEN (t0."weight" + 0)::text END, 'null') || ',"6":' || coalesce(t0."details"::text, 'null') || ',"7":' || coalesce(t0."hidden"::text, 'null') || ',"8":' || coalesce(to_json(t0."made_on")::text, 'null') || ',"9":' || coalesce(to_json(($2::text::date))::text, 'null') || ',"10":' || coalesce((t0."version" + $3::int4)::text, 'null') || ',"11":' || coalesce(t0."category_id"::text, 'null') || '}'
  FROM "product" AS t0
  WHERE (t0."id" = ANY ($4::int4[]))
