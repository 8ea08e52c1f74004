SELECT json_object('notes', 
(SELECT json_group_array(json_object('id', t0."id", 'title', t0."title", 'public', json(CASE t0."public" WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)))
  FROM 
(SELECT t0."id", t0."title", t0."public"
  FROM "note" AS t0
  WHERE t0."public"
  ORDER BY t0."id"
  LIMIT +1000) AS t0), 'note', 
(SELECT json_object('title', t1."title")
  FROM "note" AS t1
  WHERE t1."public" AND (t1."id" = ?1)
  LIMIT 1), 'hidden', 
(SELECT json_object('title', t2."title")
  FROM "note" AS t2
  WHERE t2."public" AND (t2."id" = ?2)
  LIMIT 1))
