SELECT json_object('people', 
(SELECT json_group_array(json_object('name', t0."name"))
  FROM 
(SELECT t0."name"
  FROM "person" AS t0
  WHERE (t0."email" IS NULL)
  ORDER BY t0."id"
  LIMIT +1000) AS t0), 'notes', 
(SELECT json_group_array(json_object('id', t1."id"))
  FROM 
(SELECT t1."id"
  FROM "note" AS t1
  WHERE (NOT (t1."score" IS NULL))
  ORDER BY t1."id"
  LIMIT +1000) AS t1))
