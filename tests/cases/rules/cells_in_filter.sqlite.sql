SELECT json_object('people', 
(SELECT json_group_array(json_object('name', t0."name"))
  FROM 
(SELECT t0."name"
  FROM "person" AS t0
  WHERE (t0."id" = ?1) AND (t0."email" LIKE ?2 ESCAPE '\')
  ORDER BY t0."id"
  LIMIT +1000) AS t0), 'none', 
(SELECT json_group_array(json_object('name', t1."name"))
  FROM 
(SELECT t1."name"
  FROM "person" AS t1
  WHERE ((CASE WHEN (t1."id" = ?1) THEN t1."email" END) IS NULL)
  ORDER BY t1."id"
  LIMIT +1000) AS t1))
