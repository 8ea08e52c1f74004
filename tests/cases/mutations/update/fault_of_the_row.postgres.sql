SELECT '{"0":' || '"' || t0."id" || '"' || '}'
  FROM "review" AS t0
  WHERE ((t0."id" = $1::uuid) AND (t0."author_id" = $2::int8))
  ORDER BY t0."id"
  LIMIT 100001 FOR NO KEY UPDATE OF t0
UPDATE "review" AS t0
  SET "stars" = $1::int4
  WHERE (t0."id" = ANY ($2::uuid[]))
  RETURNING '{"0":' || '"' || "id" || '"' || ',"1":' || "stars"::text || ',"2":' || to_json("text")::text || ',"3":' || "product_id"::text || ',"4":' || coalesce("author_id"::text, 'null') || '}'
