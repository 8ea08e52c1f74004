SELECT json_object('people', 
(SELECT json_group_array(json_object('email', t0."email"))
  FROM 
(SELECT t0."email"
  FROM "person" AS t0
  ORDER BY t0."id"
  LIMIT +1000) AS t0), 'notes', 
(SELECT json_group_array(json_object('tags', 
(SELECT json_group_array(json_object('word', t2."word"))
  FROM 
(SELECT t2."word"
  FROM "tag" AS t2 JOIN "notetag" AS t3 ON t3."tag_id" = t2."id"
  WHERE t3."note_id" = t1."id"
  ORDER BY t2."id"
  LIMIT +1000) AS t2)))
  FROM 
(SELECT t1."id"
  FROM "note" AS t1
  ORDER BY t1."id"
  LIMIT +1000) AS t1))
