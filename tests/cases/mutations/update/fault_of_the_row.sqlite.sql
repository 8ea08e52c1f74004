SELECT json_object('0', substr(t0."id", 1, 8) || '-' || substr(t0."id", 9, 4) || '-' || substr(t0."id", 13, 4) || '-' || substr(t0."id", 17, 4) || '-' || substr(t0."id", 21, 12))
  FROM "review" AS t0
  WHERE ((t0."id" = ?1) AND (t0."author_id" = ?2))
  ORDER BY t0."id"
  LIMIT 100001
UPDATE "review" AS t0
  SET "stars" = ?1
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?2)))
  RETURNING json_object('0', substr("id", 1, 8) || '-' || substr("id", 9, 4) || '-' || substr("id", 13, 4) || '-' || substr("id", 17, 4) || '-' || substr("id", 21, 12), '1', "stars", '2', "text", '3', "product_id", '4', "author_id")
