SELECT json_object('people', 
(SELECT json_group_array(json_object('name', t0."name"))
  FROM 
(SELECT t0."name"
  FROM "person" AS t0
  ORDER BY (CASE WHEN (t0."id" = ?1) THEN t0."email" END) DESC NULLS LAST, t0."id"
  LIMIT +1000) AS t0))
