SELECT json_object('people', 
(SELECT json_group_array(json_object('id', t0."id", 'email', (CASE WHEN t0."hedgerow_0" THEN t0."email" END)))
  FROM 
(SELECT t0.*
  FROM 
(SELECT t0."id", t0."email", (t0."id" = ?1) AS "hedgerow_0", (CASE WHEN (t0."id" = ?1) THEN t0."email" END) AS "hedgerow_2", t0."id" AS "hedgerow_3", row_number() OVER (PARTITION BY (CASE WHEN (t0."id" = ?1) THEN t0."email" END)
  ORDER BY t0."id") AS "hedgerow_1"
  FROM "person" AS t0) AS t0
  WHERE t0."hedgerow_1" = 1
  ORDER BY t0."hedgerow_2" NULLS LAST, t0."hedgerow_3"
  LIMIT +1000) AS t0))
