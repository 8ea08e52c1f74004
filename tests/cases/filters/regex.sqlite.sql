SELECT json_object('a', 
(SELECT json_group_array(json_object('id', t0."id"))
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  WHERE (hedgerow_regex(?1, t0."title", 0))
  ORDER BY t0."id"
  LIMIT +1000) AS t0), 'b', 
(SELECT json_group_array(json_object('id', t1."id"))
  FROM 
(SELECT t1."id"
  FROM "note" AS t1
  WHERE (hedgerow_regex(?2, t1."title", 1))
  ORDER BY t1."id"
  LIMIT +1000) AS t1), 'c', 
(SELECT json_group_array(json_object('id', t2."id"))
  FROM 
(SELECT t2."id"
  FROM "note" AS t2
  WHERE (NOT (hedgerow_regex(?3, t2."title", 0)))
  ORDER BY t2."id"
  LIMIT +1000) AS t2), 'd', 
(SELECT json_group_array(json_object('id', t3."id"))
  FROM 
(SELECT t3."id"
  FROM "note" AS t3
  WHERE (hedgerow_regex(?4, t3."body", 0))
  ORDER BY t3."id"
  LIMIT +1000) AS t3), 'e', 
(SELECT json_group_array(json_object('id', t4."id"))
  FROM 
(SELECT t4."id"
  FROM "note" AS t4
  WHERE (NOT (hedgerow_regex(?5, t4."title", 1)))
  ORDER BY t4."id"
  LIMIT +1000) AS t4))
