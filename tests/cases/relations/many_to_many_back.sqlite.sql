SELECT json_object('tags', 
(SELECT json_group_array(json_object('word', t0."word", 'notes', 
(SELECT json_group_array(json_object('id', t1."id", 'title', t1."title"))
  FROM 
(SELECT t1."id", t1."title"
  FROM "note" AS t1 JOIN "notetag" AS t2 ON t2."note_id" = t1."id"
  WHERE t2."tag_id" = t0."id"
  ORDER BY t1."title", t1."id"
  LIMIT +1000) AS t1)))
  FROM 
(SELECT t0."word", t0."id"
  FROM "tag" AS t0
  ORDER BY t0."id"
  LIMIT +1000) AS t0))
